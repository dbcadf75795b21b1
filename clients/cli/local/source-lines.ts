import { readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ROOT } from "./paths.ts";

const PLACE = /(?:file:\/\/)?(\/[^\s():]+\/index\.mjs):(\d+):(\d+)/g;

/** Puts files and lines of the sources in place of those of the bundle, in whatever the Worker prints. */
export function sourceLines(): (message: string) => string {
  const maps = new Map<string, SourceMap | null>();
  const mapOf = (bundle: string): SourceMap | null => {
    let map = maps.get(bundle);
    if (map === undefined) {
      map = readMap(bundle);
      maps.set(bundle, map);
    }
    return map;
  };
  return (message) =>
    message.replace(PLACE, (whole, bundle: string, line: string, column: string) => {
      const entry = mapOf(bundle)?.findEntry(Number(line) - 1, Number(column) - 1);
      if (entry === undefined || !("originalSource" in entry)) return whole;
      return `${sourcePath(bundle, entry.originalSource)}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
    });
}

function readMap(bundle: string): SourceMap | null {
  try {
    return new SourceMap(JSON.parse(readFileSync(`${bundle}.map`, "utf8")));
  } catch {
    return null;
  }
}

function sourcePath(bundle: string, source: string): string {
  const path = source.startsWith("file:") ? fileURLToPath(source) : resolve(dirname(bundle), source);
  return relative(ROOT, path);
}
