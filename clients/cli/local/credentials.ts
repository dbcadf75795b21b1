import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { StartFault } from "./fault.ts";

/** What the local service signs keys with and lets an operator in with. Never leaves the data folder. */
export interface Secrets {
  LEDGE_SECRET: string;
  LEDGE_OPERATOR_TOKEN: string;
}

/** What a client needs: kept in `<home>/credentials.json`. */
export interface Credentials {
  url: string;
  project_id: string;
  api_key: string;
}

export const secretsPath = (home: string): string => join(home, "secrets.json");
export const credentialsPath = (home: string): string => join(home, "credentials.json");

/** Reads the secrets of a data folder, or null where there are none yet. */
export function readSecrets(home: string): Secrets | null {
  return readJson<Secrets>(secretsPath(home));
}

/** The secrets of a data folder, made at first use. */
export function ensureSecrets(home: string): Secrets {
  const known = readSecrets(home);
  if (known !== null) return known;
  const random = (): string => randomBytes(32).toString("base64url");
  const made: Secrets = { LEDGE_SECRET: random(), LEDGE_OPERATOR_TOKEN: random() };
  writePrivate(secretsPath(home), made);
  return made;
}

export function readCredentials(home: string): Credentials | null {
  return readJson<Credentials>(credentialsPath(home));
}

export function writeCredentials(home: string, credentials: Credentials): void {
  writePrivate(credentialsPath(home), credentials);
}

/** A whole file or none: written beside and renamed, readable by its owner alone. */
function writePrivate(path: string, value: unknown): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const beside = `${path}.${process.pid}`;
  writeFileSync(beside, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  renameSync(beside, path);
}

function readJson<T>(path: string): T | null {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new StartFault(`${path} is not readable as JSON. Restore it, or move it away to have a new one made.`);
  }
}
