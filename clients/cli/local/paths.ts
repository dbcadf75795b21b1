import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";

/** The repository. */
export const ROOT = join(import.meta.dirname, "../../..");
/** Things made from the sources that may be thrown away at any time. */
export const CACHE = join(ROOT, "node_modules/.cache/ledge");
export const APP = join(ROOT, "app");

/** Files below the given files and folders, sorted, without dot-files and node_modules. */
export function filesBelow(paths: string[]): string[] {
  const found: string[] = [];
  const visit = (path: string): void => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return;
    if (!stat.isDirectory()) {
      found.push(path);
      return;
    }
    for (const name of readdirSync(path)) if (!name.startsWith(".") && name !== "node_modules") visit(join(path, name));
  };
  for (const path of paths) visit(path);
  return found.sort();
}

/** A hash of names and contents: changes exactly when one of the files does (times of files say nothing after a checkout). */
export function hashFiles(paths: string[]): string {
  const hash = createHash("sha256");
  for (const path of filesBelow(paths))
    hash
      .update(`${relative(ROOT, path)}\0`)
      .update(readFileSync(path))
      .update("\0");
  return hash.digest("hex").slice(0, 32);
}
