// `npm start`.
import { handOver } from "./install.mjs";

handOver("clients/cli/start.ts", process.argv.slice(2));
