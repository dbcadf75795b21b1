// `node clients/cli/run.mjs <file.ts> [arguments]`: runs a file of the repository on the repository's own Node, whatever the machine has.
import { handOver } from "./install.mjs";

const [file, ...args] = process.argv.slice(2);
handOver(file, args);
