import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "../local/paths.ts";

export interface ShellResult {
  code: number;
  output: string;
  /** What wrangler reports for programs: one object for each thing it did. */
  events: Record<string, unknown>[];
}

/** Runs wrangler. A deployment is written against this, so that it can be rehearsed and tested without an account. */
export interface Shell {
  /** Asks for something and changes nothing. */
  ask(args: string[]): Promise<ShellResult>;
  /** Changes something. @throws Error with wrangler's words where it fails */
  act(args: string[], folder?: string): Promise<ShellResult>;
}

/** wrangler of node_modules, with the account that it is logged in to. */
export function wranglerShell(report: (line: string) => void): Shell {
  return {
    ask: (args) => wrangler(args, ROOT, () => {}),
    async act(args, folder = ROOT) {
      report(`$ wrangler ${args.join(" ")}`);
      const result = await wrangler(args, folder, (text) => process.stdout.write(text.replace(/^(?=.)/gm, "  ")));
      if (result.code !== 0) throw new Error(`wrangler ${args.join(" ")} failed:\n${result.output.trim()}`);
      return result;
    },
  };
}

/** Prints what would be run. Nothing exists, as far as it knows. */
export function rehearsalShell(report: (line: string) => void): Shell {
  const nothing: ShellResult = { code: 1, output: "", events: [] };
  return {
    ask: async () => nothing,
    async act(args, folder) {
      report(`$ ${folder === undefined ? "" : `(in ${folder}) `}wrangler ${args.join(" ")}`);
      return { ...nothing, code: 0 };
    },
  };
}

async function wrangler(args: string[], cwd: string, show: (text: string) => void): Promise<ShellResult> {
  const folder = mkdtempSync(join(tmpdir(), "ledge-deploy-"));
  const events = join(folder, "events.ndjson");
  try {
    const child = spawn(process.execPath, [join(ROOT, "node_modules/wrangler/bin/wrangler.js"), ...args], {
      cwd,
      stdio: ["ignore", "pipe", "pipe"],
      // CI: it asks nothing.
      env: { ...process.env, CI: "1", WRANGLER_SEND_METRICS: "false", WRANGLER_OUTPUT_FILE_PATH: events },
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        show(text);
      });
    }
    const code = await new Promise<number>((resolve, reject) => child.on("error", reject).on("close", (status) => resolve(status ?? 1)));
    return { code, output, events: readEvents(events) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readEvents(path: string): Record<string, unknown>[] {
  try {
    const lines = readFileSync(path, "utf8").split("\n");
    return lines.filter((line) => line.trim() !== "").map((line) => JSON.parse(line) as Record<string, unknown>);
  } catch {
    return [];
  }
}
