/** Runs Ledge on this machine until it is told to stop. Settings: LEDGE_PORT (8787), LEDGE_HOME (.ledge), LEDGE_HOST (127.0.0.1). */
import { join, relative } from "node:path";
import { type Ledge, StartFault, startLedge } from "./local/index.ts";
import { ROOT } from "./local/paths.ts";
import { ownerLink } from "./operator.ts";

const PORT_DEFAULT = 8787;

function readPort(text: string | undefined): number {
  if (text === undefined || text === "") return PORT_DEFAULT;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new StartFault(`LEDGE_PORT must be a number from 0 (any free port) to 65535, not "${text}".`);
  }
  return port;
}

/** Where things are and what to do next. */
function greeting(ledge: Ledge, owner_link: string | null): string {
  const { url, credentials, home } = ledge;
  const folder = relative(process.cwd(), home).startsWith("..") ? home : relative(process.cwd(), home) || home;
  return `
Ledge is running.

  app        ${owner_link ?? url}${owner_link ? "   (sign up there: the first one to do so owns it)" : ""}
  API        ${url}/api/v1   (reference: ${url}/docs/api)
  API key    ${credentials.api_key}
  data       ${folder}   (url, project and key: ${join(folder, "credentials.json")})

Send a line:

  curl ${url}/api/v1/logs \\
    -H "Authorization: Bearer ${credentials.api_key}" \\
    -H "Content-Type: application/json" \\
    -d '{"level":"info","service":"hello","message":"the first line"}'

Find it again about a second later, here or in the app:

  curl -H "Authorization: Bearer ${credentials.api_key}" "${url}/api/v1/logs?q=service:hello"

A stream of example logs: npm run demo      Stop: Ctrl-C
`;
}

async function main(): Promise<void> {
  const ledge = await startLedge({
    home: process.env.LEDGE_HOME || join(ROOT, ".ledge"),
    port: readPort(process.env.LEDGE_PORT),
    host: process.env.LEDGE_HOST || "127.0.0.1",
  });
  const stop = async (): Promise<void> => {
    await ledge.stop();
    process.exit(0);
  };
  // Miniflare ends the process at once when it is told to stop; here things end in order. A terminal sends Ctrl-C to every process of
  // the group and npm passes it on besides: further signals mean the same one.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.removeAllListeners(signal);
    process.on(signal, stop);
  }
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && stop(), 250).unref();
  const operator = { url: ledge.url, token: ledge.secrets.LEDGE_OPERATOR_TOKEN };
  console.log(greeting(ledge, await ownerLink(operator, ledge.url)));
}

main().catch((error: unknown) => {
  if (error instanceof StartFault) console.error(`\n${error.message}\n`);
  else console.error(error);
  process.exit(1);
});
