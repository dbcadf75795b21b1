import { createRoute, z } from "@hono/zod-openapi";
import { authenticateOperator } from "../auth/operator.ts";
import { deedRow } from "../auth/record.ts";
import { createRouter } from "../router.ts";
import { OPERATOR_SECURITY, problems } from "../schemas.ts";
import { smallBody } from "../small-body.ts";
import { createKey } from "./keys.ts";
import { readProject } from "./project.ts";
import { CreatedKey, NewKey } from "./schemas.ts";

const create = createRoute({
  method: "post",
  path: "/api/v1/admin/projects/{project_id}/keys",
  tags: ["Operate"],
  summary: "Make an API key for any project",
  description: "The way back in where a project's last admin key is lost, or where the secret that signs keys was changed.",
  security: OPERATOR_SECURITY,
  middleware: [authenticateOperator(), smallBody()],
  request: {
    params: z.object({ project_id: z.string().regex(/^[a-z2-7]{12}$/) }),
    body: { required: true, content: { "application/json": { schema: NewKey } } },
  },
  responses: {
    201: { description: "The key; its text is shown this once.", content: { "application/json": { schema: CreatedKey } } },
    ...problems(400, 401, 403, 404, 409, 413, 415, 422, 503),
  },
});

export const operatorKeyRoutes = createRouter();
operatorKeyRoutes.openapi(create, async (c) => {
  const { project_id } = c.req.valid("param");
  // Not found where there is no such project: a key must not make one.
  await readProject(c.env, project_id);
  const input = c.req.valid("json");
  const record = (target: string) =>
    deedRow(c, { action: "key.created", target, project_id, details: { ...input }, actor: { kind: "operator", id: null, name: null } });
  return c.json(await createKey(c.env, project_id, input, record), 201);
});
