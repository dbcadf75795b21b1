/**
 * `npm run config -- plan|apply|export <file>`: a project's configuration as a file. The service is LEDGE_URL with LEDGE_API_KEY, else the local
 * one of `.ledge/credentials.json`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readCredentials } from "./local/credentials.ts";
import { ROOT } from "./local/paths.ts";

const USAGE = `npm run config -- plan <file> [--prune] [--exit-code] [--json]
npm run config -- apply <file> [--prune] [--expect <state>] [--json]
npm run config -- export [<file>] [--format yaml|json]

A file is YAML or JSON; - is standard input (plan, apply) or output (export).
--prune      deletes what the file does not name
--exit-code  plan ends with 2 where there is something to do
--expect     apply only where nothing was changed since the plan that told this state`;

/** What the process ends with. */
const EXIT = { done: 0, refused: 1, changes: 2, unreachable: 3, usage: 64 } as const;
const TIMEOUT_MS = 60_000;

class Ending extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

interface Service {
  url: string;
  key: string;
}

interface Change {
  kind: string;
  name: string;
  action: "create" | "change" | "delete" | "keep" | "unchanged";
  fields: { field: string; before: unknown; after: unknown }[];
  recounts: boolean;
}

interface Answer {
  state: string;
  changed: boolean;
  summary: Record<Change["action"], number>;
  changes: Change[];
}

function service(): Service {
  const known = readCredentials(process.env.LEDGE_HOME || join(ROOT, ".ledge"));
  const url = process.env.LEDGE_URL || known?.url;
  // A key of the local service is for nobody else.
  const key = process.env.LEDGE_API_KEY || (process.env.LEDGE_URL && process.env.LEDGE_URL !== known?.url ? undefined : known?.api_key);
  if (!url || !key) throw new Ending(EXIT.usage, "Set LEDGE_URL and LEDGE_API_KEY, or start the local service once (npm start).");
  return { url: url.replace(/\/+$/, ""), key };
}

async function call({ url, key }: Service, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { ...init.headers, authorization: `Bearer ${key}` };
  const answer = await fetch(url + path, { ...init, headers, signal: AbortSignal.timeout(TIMEOUT_MS) }).catch((error: unknown) => {
    throw new Ending(EXIT.unreachable, `${url} does not answer: ${error instanceof Error ? error.message : String(error)}`);
  });
  if (answer.ok) return answer;
  throw new Ending(answer.status >= 500 ? EXIT.unreachable : EXIT.refused, await refusalOf(answer));
}

interface Problem {
  title?: string;
  detail?: string;
  errors?: { field?: string; message?: string; line?: number; column?: number }[];
}

/** Words of a problem document: each mistake with its line, as compilers tell them. */
async function refusalOf(answer: Response): Promise<string> {
  const problem = (await answer.json().catch(() => null)) as Problem | null;
  const mistakes = (problem?.errors ?? []).map(({ field = "", message = "", line, column }) => {
    const place = line === undefined ? "" : `${line}:${column}: `;
    return `  ${place}${message.startsWith(field) ? message : `${field}: ${message}`}`;
  });
  return [`${answer.status} ${problem?.detail ?? problem?.title ?? answer.statusText}`, ...mistakes].join("\n");
}

function readDocument(file: string | undefined): { text: string; type: string } {
  if (file === undefined) throw new Ending(EXIT.usage, USAGE);
  try {
    const text = readFileSync(file === "-" ? 0 : file, "utf8");
    return { text, type: file.endsWith(".json") ? "application/json" : "application/yaml" };
  } catch (error) {
    throw new Ending(EXIT.usage, `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const SIGNS: Record<Change["action"], string> = { create: "+", change: "~", delete: "-", keep: " ", unchanged: " " };

function shown(value: unknown): string {
  return value === null ? "(none)" : JSON.stringify(value);
}

/** What was or would be done, a line each. Control characters of names and values are escaped by JSON. */
function linesOf({ changes, summary }: Answer): string[] {
  const lines = changes.flatMap(({ kind, name, action, fields, recounts }) => {
    if (action === "unchanged") return [];
    const note =
      action === "keep" ? " (not in the file; --prune would delete it)" : recounts && action === "change" ? " (begins anew)" : "";
    const inner = action === "change" ? fields.map(({ field, before, after }) => `    ${field}: ${shown(before)} -> ${shown(after)}`) : [];
    return [`${SIGNS[action]} ${action} ${kind} ${name}${note}`, ...inner];
  });
  const counts = Object.entries(summary).filter(([, count]) => count > 0);
  return [...lines, counts.length === 0 ? "nothing to do" : counts.map(([action, count]) => `${count} ${action}`).join(", ")];
}

interface Options {
  prune?: boolean | undefined;
  "exit-code"?: boolean | undefined;
  json?: boolean | undefined;
  expect?: string | undefined;
  format?: string | undefined;
}

async function send(what: "plan" | "apply", file: string | undefined, options: Options): Promise<number> {
  const { text, type } = readDocument(file);
  const query = new URLSearchParams({ prune: String(options.prune ?? false) });
  if (what === "apply" && options.expect !== undefined) query.set("expected_state", options.expect);
  const answer = await call(service(), `/api/v1/config/${what}?${query}`, {
    method: "POST",
    body: text,
    headers: { "content-type": type },
  });
  const done = (await answer.json()) as Answer;
  console.log(options.json ? JSON.stringify(done, null, 2) : [...linesOf(done), `state ${done.state}`].join("\n"));
  return what === "plan" && options["exit-code"] && done.changed ? EXIT.changes : EXIT.done;
}

async function exportTo(file: string | undefined, format: string | undefined): Promise<number> {
  const wanted = format ?? (file?.endsWith(".json") ? "json" : "yaml");
  if (wanted !== "yaml" && wanted !== "json") throw new Ending(EXIT.usage, USAGE);
  const text = await (await call(service(), `/api/v1/config/export?format=${wanted}`)).text();
  if (file === undefined || file === "-") process.stdout.write(text);
  else writeFileSync(file, text);
  return EXIT.done;
}

function parsed() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        prune: { type: "boolean" },
        "exit-code": { type: "boolean" },
        json: { type: "boolean" },
        expect: { type: "string" },
        format: { type: "string" },
      },
    });
  } catch (error) {
    throw new Ending(EXIT.usage, `${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  }
}

async function main(): Promise<number> {
  const { positionals, values } = parsed();
  const [what, file, ...others] = positionals;
  if (others.length > 0) throw new Ending(EXIT.usage, USAGE);
  if (what === "plan" || what === "apply") return send(what, file, values);
  if (what === "export") return exportTo(file, values.format);
  throw new Ending(EXIT.usage, USAGE);
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof Ending ? error.message : error);
    process.exitCode = error instanceof Ending ? error.code : EXIT.refused;
  },
);
