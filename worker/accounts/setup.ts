import { createHmac } from "node:crypto";
import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { AppEnv } from "../auth/access.ts";
import { equalTexts, newId } from "../auth/key-text.ts";
import { authenticateOperator } from "../auth/operator.ts";
import { hashPassword } from "../auth/password.ts";
import { deedRow } from "../auth/record.ts";
import { sameOrigin } from "../auth/same-origin.ts";
import { createFirstOwner, needsOwner } from "../catalog/accounts.ts";
import type { Env } from "../env.ts";
import { Problem } from "../errors.ts";
import { PASSWORD_LENGTH_MIN } from "../limits.ts";
import { createRouter } from "../router.ts";
import { OPERATOR_SECURITY, problems } from "../schemas.ts";
import { smallBody } from "../small-body.ts";
import { setupPath } from "./links.ts";
import { sendsMail } from "./mail.ts";
import { OperatorSetup, SetupState, SignedInAnswer, SignUpInput } from "./schemas.ts";
import { signIn } from "./sign-in.ts";
import { takeTries } from "./tries.ts";

const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";
const CODE_LENGTH = 20;

/** What proves that somebody may claim a fresh installation: 100 bits that follow from LEDGE_SECRET. */
export function setupCode(env: Env): string {
  const bytes = createHmac("sha256", env.LEDGE_SECRET).update("ledge setup code\n").digest();
  return Array.from({ length: CODE_LENGTH }, (_, index) => BASE32[bytes[index]! % BASE32.length]).join("");
}

/** True for a name that no stranger's name server answers for: a page that made its own name mean this machine is not let in. */
function isOwnMachine(hostname: string): boolean {
  return hostname === "localhost" || /^\d+\.\d+\.\d+\.\d+$/.test(hostname) || hostname.startsWith("[");
}

function needsCode(c: Context<AppEnv>): boolean {
  return c.env.LEDGE_PROFILE !== "local" || !isOwnMachine(new URL(c.req.url).hostname);
}

const state = createRoute({
  method: "get",
  path: "/api/v1/setup",
  tags: ["Accounts"],
  summary: "Whether the first owner is still to sign up",
  responses: { 200: { description: "How things stand.", content: { "application/json": { schema: SetupState } } }, ...problems(503) },
});

const operatorState = createRoute({
  method: "get",
  path: "/api/v1/admin/setup",
  tags: ["Operate"],
  summary: "The setup code, for the link that the first owner signs up by",
  security: OPERATOR_SECURITY,
  middleware: [authenticateOperator()],
  responses: {
    200: { description: "The code and the path of the app that takes it.", content: { "application/json": { schema: OperatorSetup } } },
    ...problems(401, 403, 429, 503),
  },
});

const signUp = createRoute({
  method: "post",
  path: "/api/v1/auth/sign-up",
  tags: ["Accounts"],
  summary: "Sign up as the first owner",
  description:
    "Takes over the organization and the projects that were made at the first start, and signs in. Everybody after the first one needs an invitation.",
  middleware: [sameOrigin(), smallBody()],
  request: { body: { required: true, content: { "application/json": { schema: SignUpInput } } } },
  responses: {
    201: { description: "Signed up and in.", content: { "application/json": { schema: SignedInAnswer } } },
    ...problems(400, 403, 409, 413, 415, 422, 429, 503),
  },
});

export const setupRoutes = createRouter();

setupRoutes.openapi(state, async (c) => {
  const needs_owner = await needsOwner(c.env.DB);
  return c.json(
    { needs_owner, needs_code: needs_owner && needsCode(c), mail: sendsMail(c.env), password_length_min: PASSWORD_LENGTH_MIN },
    200,
  );
});

setupRoutes.openapi(operatorState, async (c) => {
  const code = setupCode(c.env);
  return c.json({ needs_owner: await needsOwner(c.env.DB), code, path: setupPath(code) }, 200);
});

setupRoutes.openapi(signUp, async (c) => {
  const input = c.req.valid("json");
  await takeTries(c, "sign up", null);
  if (!(await needsOwner(c.env.DB))) throw new Problem("conflict", "The first owner has signed up already: ask for an invitation.");
  if (needsCode(c) && !equalTexts(input.code ?? "", setupCode(c.env))) {
    throw new Problem("forbidden", "The setup code is missing or wrong; `npm run deploy` prints the link that has it.");
  }
  const user_id = newId("usr");
  const owner = {
    user_id,
    credential_id: newId("crd"),
    email: input.email,
    name: input.name,
    password_hash: hashPassword(input.password),
    organization_id: newId("org"),
    organization_name: input.organization_name ?? null,
  };
  const actor = { kind: "user", id: user_id, name: input.email } as const;
  if (!(await createFirstOwner(c.env.DB, owner, deedRow(c, { action: "owner.signed_up", target: user_id, actor })))) {
    throw new Problem("conflict", "Somebody else has just signed up as the first owner: ask for an invitation.");
  }
  return c.json(await signIn(c, { email: input.email, password: input.password, remember: true }), 201);
});
