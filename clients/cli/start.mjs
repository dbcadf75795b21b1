// `npm start`: plain JavaScript for Node 20 with nothing installed. Installs what is missing, then hands over to start.ts.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { ensureInstalled, NODE } from "./install.mjs";

ensureInstalled();

const child = spawn(NODE, ["--disable-warning=ExperimentalWarning", fileURLToPath(new URL("./start.ts", import.meta.url))], {
  stdio: "inherit",
  env: { ...process.env, WRANGLER_SEND_METRICS: "false" },
});
// The child ends in order and this process with it.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
// npm, told to stop, ends the shell between itself and this process, which hears nothing: a new parent is the sign.
const parent = process.ppid;
setInterval(() => process.ppid !== parent && child.kill("SIGTERM"), 250).unref();
child.on("error", (error) => {
  console.error(`Ledge could not be started: ${error.message}`);
  process.exit(1);
});
child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGKILL" ? 137 : 1)));
