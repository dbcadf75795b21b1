/** better-auth as Ledge uses it. Heavy: reached through `auth-calls.ts` alone, which loads it at the first sign-in of an isolate. */
import { createHmac } from "node:crypto";
import { drizzleAdapter } from "better-auth/adapters/drizzle";
import { APIError } from "better-auth/api";
import { betterAuth } from "better-auth/minimal";
import { twoFactor } from "better-auth/plugins/two-factor";
import { drizzle } from "drizzle-orm/d1";
import { credentials, sessions, twoFactors, users, verifications } from "../catalog/schema.ts";
import type { Env } from "../env.ts";
import {
  PASSWORD_LENGTH_MAX,
  PASSWORD_LENGTH_MIN,
  SECOND_FACTOR_TIME_S,
  SESSION_LIFE_S,
  SESSION_REFRESH_S,
  TRUSTED_BROWSER_LIFE_S,
  USED_CODE_LIFE_MS,
} from "../limits.ts";
import { takeOnce } from "./attempts.ts";
import { newId } from "./key-text.ts";
import { hashPassword, verifyPassword } from "./password.ts";

const ID_KINDS: Record<string, string> = { user: "usr", session: "ses", account: "crd", verification: "vrf", twoFactor: "twf" };

/** Cookies bear the prefix that binds them to this host where the connection allows it. */
export function cookiePrefix(secure: boolean): string {
  return secure ? "__Host-ledge" : "ledge";
}

/** What signs cookies and encrypts second factors; it follows from LEDGE_SECRET. */
export function sessionSecret(env: Pick<Env, "LEDGE_SECRET">): string {
  return createHmac("sha256", env.LEDGE_SECRET).update("ledge sessions\n").digest("base64url");
}

const TIMES = { createdAt: "created_at", updatedAt: "updated_at" } as const;

/** A code of the second factor opens one session only: whoever saw it being typed comes too late. @throws APIError */
async function refuseUsedCode(db: D1Database, user_id: string, code: unknown): Promise<void> {
  if (await takeOnce(db, ["second factor", user_id, String(code)], USED_CODE_LIFE_MS, Date.now())) return;
  throw new APIError("UNAUTHORIZED", { code: "INVALID_CODE", message: "The code was used already" });
}

/** @param secure whether the browser's connection is https */
export function createAuth(env: Env, secure: boolean) {
  return betterAuth({
    appName: "Ledge",
    // Never shown to anybody: links are made in `worker/accounts`.
    baseURL: "https://ledge.invalid",
    basePath: "/api/v1/auth",
    secret: sessionSecret(env),
    database: drizzleAdapter(drizzle(env.DB), {
      provider: "sqlite",
      schema: { user: users, session: sessions, account: credentials, verification: verifications, twoFactor: twoFactors },
    }),
    telemetry: { enabled: false },
    logger: { disabled: true },
    // Tries are counted in `attempts.ts`, by account too.
    rateLimit: { enabled: false },
    user: { fields: { ...TIMES, emailVerified: "email_verified" } },
    session: {
      expiresIn: SESSION_LIFE_S,
      updateAge: SESSION_REFRESH_S,
      fields: { ...TIMES, userId: "user_id", expiresAt: "expires_at", ipAddress: "ip_address", userAgent: "user_agent" },
    },
    account: {
      fields: {
        ...TIMES,
        userId: "user_id",
        accountId: "account_id",
        providerId: "provider_id",
        accessToken: "access_token",
        refreshToken: "refresh_token",
        idToken: "id_token",
        accessTokenExpiresAt: "access_token_expires_at",
        refreshTokenExpiresAt: "refresh_token_expires_at",
      },
    },
    // A reset's link is worth a password: of it, too, only a hash is kept.
    verification: { fields: { ...TIMES, expiresAt: "expires_at" }, storeIdentifier: "hashed" },
    emailAndPassword: {
      enabled: true,
      // Accounts are made in `worker/accounts`, together with the membership that entitles to one.
      disableSignUp: true,
      minPasswordLength: PASSWORD_LENGTH_MIN,
      maxPasswordLength: PASSWORD_LENGTH_MAX,
      revokeSessionsOnPasswordReset: true,
      password: {
        hash: async (password) => hashPassword(password),
        verify: async ({ hash, password }) => verifyPassword(hash, password),
      },
    },
    databaseHooks: {
      session: {
        create: {
          before: async (session, context) => {
            if (context?.path === "/two-factor/verify-totp") await refuseUsedCode(env.DB, session.userId, context.body?.code);
          },
        },
      },
    },
    advanced: {
      cookiePrefix: cookiePrefix(secure),
      useSecureCookies: false,
      defaultCookieAttributes: { httpOnly: true, sameSite: "lax", secure, path: "/" },
      ipAddress: { ipAddressHeaders: ["cf-connecting-ip"] },
      database: { generateId: ({ model }) => newId(ID_KINDS[model] ?? "row") },
    },
    plugins: [
      twoFactor({
        issuer: "Ledge",
        twoFactorCookieMaxAge: SECOND_FACTOR_TIME_S,
        trustDeviceMaxAge: TRUSTED_BROWSER_LIFE_S,
        schema: {
          user: { fields: { twoFactorEnabled: "two_factor_enabled" } },
          twoFactor: {
            fields: {
              userId: "user_id",
              backupCodes: "backup_codes",
              failedVerificationCount: "failed_verifications",
              lockedUntil: "locked_until",
            },
          },
        },
      }),
    ],
  });
}

export type Auth = ReturnType<typeof createAuth>;
