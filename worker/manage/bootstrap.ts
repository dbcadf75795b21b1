import { createRoute, type z } from "@hono/zod-openapi";
import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { type KeyRecord, SCOPES } from "../../durable-objects/project-stream/types.ts";
import { newId, newKey } from "../auth/key-text.ts";
import { authenticateOperator } from "../auth/operator.ts";
import { type Deed, deedRow } from "../auth/record.ts";
import type { AuditRow } from "../catalog/audit.ts";
import { apiKeys, audit, members, organizations, projects, users } from "../catalog/schema.ts";
import type { Env } from "../env.ts";
import { MANAGE_TIMEOUT_MS } from "../limits.ts";
import { createRouter } from "../router.ts";
import { OPERATOR_SECURITY, problems } from "../schemas.ts";
import { smallBody } from "../small-body.ts";
import { callStream } from "../stream-call.ts";
import { newProject } from "./new-project.ts";
import { BootstrapAnswer, BootstrapInput } from "./schemas.ts";

/** Addresses are kept in lower case, as better-auth looks for them. */
async function ownerId(env: Env, email: string): Promise<{ user_id: string; is_new: boolean }> {
  const [known] = await drizzle(env.DB).select({ user_id: users.id }).from(users).where(eq(users.email, email));
  return known ? { user_id: known.user_id, is_new: false } : { user_id: newId("usr"), is_new: true };
}

/**
 * Creates an organization, its owner, a project and a first key with all scopes. The project's object learns of them first, since there they are
 * true; should D1 then fail, nobody has the key and the call may be repeated.
 */
export async function bootstrap(
  env: Env,
  input: z.infer<typeof BootstrapInput>,
  record: (made: Omit<Deed, "action">) => AuditRow,
): Promise<z.infer<typeof BootstrapAnswer>> {
  const created_at = new Date().toISOString();
  const organization_id = newId("org");
  const owner = await ownerId(env, input.owner_email);
  const project = await newProject(env, organization_id, { name: input.project_name }, created_at);
  const { project_id } = project;
  const { text, hash, prefix } = newKey(project_id, env.LEDGE_SECRET);
  const key: KeyRecord = {
    key_id: newId("key"),
    name: input.key_name,
    hash,
    prefix,
    scopes: [...SCOPES],
    created_at,
    expires_at: null,
    revoked_at: null,
  };
  await callStream(env, project_id, MANAGE_TIMEOUT_MS, (stream) => stream.putKey(key));

  const db = drizzle(env.DB);
  const user = { id: owner.user_id, email: input.owner_email, name: input.owner_name, created_at: new Date(created_at) };
  await db.batch([
    db.insert(organizations).values({ organization_id, name: input.organization_name, created_at }),
    db.insert(projects).values(project),
    db.insert(members).values({ organization_id, user_id: owner.user_id, role: "owner", created_at }),
    db.insert(apiKeys).values({ ...key, project_id }),
    db.insert(audit).values(record({ organization_id, project_id, target: project_id, details: { owner: input.owner_email } })),
    ...(owner.is_new ? [db.insert(users).values(user)] : []),
  ]);
  return { organization_id, user_id: owner.user_id, project_id, key_id: key.key_id, api_key: text };
}

const route = createRoute({
  method: "post",
  path: "/api/v1/bootstrap",
  tags: ["Operate"],
  summary: "Create an organization with its owner, a project and a first key",
  security: OPERATOR_SECURITY,
  middleware: [authenticateOperator(), smallBody()],
  request: { body: { required: true, content: { "application/json": { schema: BootstrapInput } } } },
  responses: {
    201: { description: "Created.", content: { "application/json": { schema: BootstrapAnswer } } },
    ...problems(400, 401, 403, 415, 422, 503),
  },
});

export const bootstrapRoutes = createRouter();
bootstrapRoutes.openapi(route, async (c) => {
  const actor = { kind: "operator", id: null, name: null } as const;
  return c.json(await bootstrap(c.env, c.req.valid("json"), (made) => deedRow(c, { action: "project.bootstrapped", actor, ...made })), 201);
});
