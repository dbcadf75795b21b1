/**
 * Text of API keys: `ledge_<project_id>_<secret><mac>`.
 * The project id says where the key is to be looked up, the mac (64 bits of HMAC-SHA-256 under LEDGE_SECRET) that it was made here: garbage costs no look-up.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { KEY_CACHE_ENTRIES_MAX } from "../limits.ts";

const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";
const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const PROJECT_ID_LENGTH = 12;
const SECRET_LENGTH = 28;
const MAC_LENGTH = 11;
const SHOWN_SECRET_LENGTH = 4;
const SECRET_LENGTH_MIN = 32;
const KEY_PATTERN = /^ledge_([a-z2-7]{12})_([0-9A-Za-z]{28})([0-9A-Za-z]{11})$/;
const TICKET_PATTERN = /^ledgetail_([a-z2-7]{12})_([0-9A-Za-z]{28})([0-9A-Za-z]{11})$/;

function randomText(length: number, alphabet: string): string {
  const fair_max = 256 - (256 % alphabet.length);
  let text = "";
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      if (byte < fair_max && text.length < length) text += alphabet[byte % alphabet.length];
    }
  }
  return text;
}

/** 60 random bits as 12 characters of lower-case base32. */
export function newProjectId(): string {
  return randomText(PROJECT_ID_LENGTH, BASE32);
}

/** A readable id such as `key_7hq…`: 80 random bits. */
export function newId(kind: string): string {
  return `${kind}_${randomText(16, BASE32)}`;
}

function macOf(unsigned: string, secret: string): string {
  if (!secret || secret.length < SECRET_LENGTH_MIN) throw new Error(`LEDGE_SECRET must have at least ${SECRET_LENGTH_MIN} characters`);
  let value = createHmac("sha256", secret).update("ledge api key\n").update(unsigned).digest().readBigUInt64BE(0);
  let text = "";
  for (let digit = 0; digit < MAC_LENGTH; digit++) {
    text = BASE62[Number(value % 62n)] + text;
    value /= 62n;
  }
  return text;
}

/** SHA-256 of a key's text, hex: what is stored of it. */
export function hashKey(key_text: string): string {
  return createHash("sha256").update(key_text).digest("hex");
}

/** True where both texts are equal; takes the same time wherever they differ. */
export function equalTexts(left: string, right: string): boolean {
  return timingSafeEqual(createHash("sha256").update(left).digest(), createHash("sha256").update(right).digest());
}

/** A new key. Its text is shown once and stored nowhere. */
export function newKey(project_id: string, ledge_secret: string): { text: string; hash: string; prefix: string } {
  const unsigned = `ledge_${project_id}_${randomText(SECRET_LENGTH, BASE62)}`;
  const text = unsigned + macOf(unsigned, ledge_secret);
  const prefix = text.slice(0, `ledge_${project_id}_`.length + SHOWN_SECRET_LENGTH);
  return { text, hash: hashKey(text), prefix };
}

/** Keys that were found to be made here, under which secret: a client sends the same one with every request. */
const proven = new Map<string, { project_id: string; hash: string; ledge_secret: string }>();

/** The project of a key that was made under this secret, and what is stored of the key; null for anything else. */
export function readKeyText(key_text: string, ledge_secret: string): { project_id: string; hash: string } | null {
  const known = proven.get(key_text);
  if (known?.ledge_secret === ledge_secret) return known;
  const project_id = projectOfKeyText(key_text, ledge_secret);
  if (!project_id) return null;
  if (proven.size >= KEY_CACHE_ENTRIES_MAX) proven.clear();
  const read = { project_id, hash: hashKey(key_text), ledge_secret };
  proven.set(key_text, read);
  return read;
}

/** The project of a key that was made under this secret; null for anything else. */
export function projectOfKeyText(key_text: string, ledge_secret: string): string | null {
  return projectOfText(KEY_PATTERN, key_text, ledge_secret);
}

function projectOfText(pattern: RegExp, text: string, ledge_secret: string): string | null {
  const match = pattern.exec(text);
  if (!match) return null;
  const unsigned = text.slice(0, -MAC_LENGTH);
  return equalTexts(macOf(unsigned, ledge_secret), match[3]!) ? match[1]! : null;
}

/** A new ticket for a socket: a text like a key's that is no key. */
export function newTicket(project_id: string, ledge_secret: string): { text: string; hash: string } {
  const unsigned = `ledgetail_${project_id}_${randomText(SECRET_LENGTH, BASE62)}`;
  const text = unsigned + macOf(unsigned, ledge_secret);
  return { text, hash: hashKey(text) };
}

/** The project of a ticket that was made under this secret, and its hash; null for anything else. */
export function readTicket(text: string, ledge_secret: string): { project_id: string; hash: string } | null {
  const project_id = projectOfText(TICKET_PATTERN, text, ledge_secret);
  return project_id === null ? null : { project_id, hash: hashKey(text) };
}
