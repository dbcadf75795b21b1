/**
 * Hashes of passwords: `scrypt$<N>$<r>$<p>$<salt>$<hash>`. The cost is written into each, so that it can be raised later. workerd computes scrypt on the
 * isolate's thread, whatever the form of the call: there is never more than one under way, and whoever asks for it must be rate-limited.
 */
import { Buffer } from "node:buffer";
import { randomBytes, scryptSync, timingSafeEqual } from "node:crypto";
import { SCRYPT_COST_MAX, SCRYPT_N, SCRYPT_P, SCRYPT_R } from "../limits.ts";

const SALT_SIZE_BYTES = 16;
const HASH_SIZE_BYTES = 32;

interface Cost {
  N: number;
  r: number;
  p: number;
}

/** The same text typed on another keyboard must be the same password. */
function derive(password: string, salt: Uint8Array, cost: Cost): Buffer {
  return scryptSync(password.normalize("NFKC"), salt, HASH_SIZE_BYTES, { ...cost, maxmem: 256 * cost.N * cost.r });
}

const COST: Cost = { N: SCRYPT_N, r: SCRYPT_R, p: SCRYPT_P };

/** @param cost lower in tests alone */
export function hashPassword(password: string, cost: Cost = COST): string {
  const salt = randomBytes(SALT_SIZE_BYTES);
  const hash = derive(password, salt, cost);
  return ["scrypt", cost.N, cost.r, cost.p, salt.toString("base64url"), hash.toString("base64url")].join("$");
}

/** False, too, for a stored text that is not such a hash. */
export function verifyPassword(stored: string, password: string): boolean {
  const [kind, N, r, p, salt, hash] = stored.split("$");
  const cost = { N: Number(N), r: Number(r), p: Number(p) };
  if (kind !== "scrypt" || !salt || !hash || !(cost.N * cost.r * cost.p <= SCRYPT_COST_MAX)) return false;
  const expected = Buffer.from(hash, "base64url");
  return expected.length === HASH_SIZE_BYTES && timingSafeEqual(derive(password, Buffer.from(salt, "base64url"), cost), expected);
}
