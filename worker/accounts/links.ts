/** Links that let somebody do one thing, once. What opens stands behind the #: browsers keep that part to themselves until the app uses it. */
import { createHash, randomBytes } from "node:crypto";

const TOKEN_SIZE_BYTES = 32;

export function newToken(): string {
  return randomBytes(TOKEN_SIZE_BYTES).toString("base64url");
}

/** What is kept of a token. */
export function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}

export const invitationPath = (token: string): string => `/join#token=${token}`;
export const resetPath = (token: string): string => `/reset-password#token=${token}`;
export const setupPath = (code: string): string => `/setup#code=${code}`;
