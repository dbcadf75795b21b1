/** Configuration over code: what would change, change it, write down what there is. */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { AppEnv } from "../../auth/access.ts";
import { authenticate } from "../../auth/authenticate.ts";
import { recordDeed } from "../../auth/record.ts";
import { Problem } from "../../errors.ts";
import { CONFIG_BODY_SIZE_BYTES_MAX } from "../../limits.ts";
import { createRouter } from "../../router.ts";
import { KEY_SECURITY, problems } from "../../schemas.ts";
import { changeDefinitions, type Definitions, declaredOf, readDefinitions, stateOf } from "../definitions.ts";
import { type Config, ConfigSchema, readConfig } from "./config-document.ts";
import { type Plan, planConfig, summaryOf } from "./plan-config.ts";
import { printConfig } from "./print-config.ts";

const Change = z
  .object({
    kind: z.enum(["metric"]),
    name: z.string(),
    action: z.enum(["create", "change", "delete", "keep", "unchanged"]).openapi({
      description: "keep: the project has it, the document does not, and `prune` was not asked for.",
    }),
    fields: z.array(z.object({ field: z.string(), before: z.unknown(), after: z.unknown() })),
    recounts: z.boolean().openapi({ description: "Its values begin anew and are filled again from the stored events." }),
  })
  .openapi("ConfigChange");

const Count = z.number().int();
const PlanView = z
  .object({
    state: z
      .string()
      .openapi({ description: "A name for what is declared: what the plan is for, or what there is now that it was applied." }),
    changed: z.boolean().openapi({ description: "Whether there is, or was, anything to do." }),
    summary: z.object({ create: Count, change: Count, delete: Count, keep: Count, unchanged: Count }),
    changes: z.array(Change),
  })
  .openapi("ConfigPlan");

const PruneParameter = z
  .enum(["true", "false"])
  .optional()
  .openapi({ description: "Whether what the document does not name is deleted, of the sections that it has." });

const BODY = {
  required: true,
  description: "A `ledge.yaml`, in YAML or JSON.",
  // Read by the route itself, so that mistakes are told with their line.
  content: Object.fromEntries(
    ["application/yaml", "application/json"].map((type) => [type, { schema: { $ref: "#/components/schemas/LedgeConfig" } }]),
  ),
};
const ROUTE = { tags: ["Configuration"], security: KEY_SECURITY };
const REFUSALS = problems(400, 401, 403, 410, 413, 415, 422, 429, 503);
const ANSWER = { "application/json": { schema: PlanView } };

const limit = bodyLimit({
  maxSize: CONFIG_BODY_SIZE_BYTES_MAX,
  onError: () => {
    throw new Problem("too_large", `The document is larger than ${CONFIG_BODY_SIZE_BYTES_MAX} bytes.`, {
      limit_bytes: CONFIG_BODY_SIZE_BYTES_MAX,
    });
  },
});

const plan = createRoute({
  ...ROUTE,
  method: "post",
  path: "/api/v1/config/plan",
  summary: "What a document would change",
  middleware: [authenticate("read"), limit],
  request: { query: z.object({ prune: PruneParameter }), body: BODY },
  responses: { 200: { description: "What `apply` would do now.", content: ANSWER }, ...REFUSALS },
});

const apply = createRoute({
  ...ROUTE,
  method: "post",
  path: "/api/v1/config/apply",
  summary: "Change the project to what a document says",
  description: "All of it or nothing. Applied twice it does nothing the second time.",
  middleware: [authenticate("admin"), limit],
  request: {
    query: z.object({
      prune: PruneParameter,
      expected_state: z
        .string()
        .max(64)
        .optional()
        .openapi({ description: "As a plan told it: refused with 409 where something was changed since." }),
    }),
    body: BODY,
  },
  responses: { 200: { description: "What was done.", content: ANSWER }, ...REFUSALS, ...problems(409) },
});

const exported = createRoute({
  ...ROUTE,
  method: "get",
  path: "/api/v1/config/export",
  summary: "The project's configuration as a document",
  description: "Planned again it gives no changes. What is built in is not part of it.",
  middleware: [authenticate("read")],
  request: {
    query: z.object({
      format: z
        .enum(["yaml", "json"])
        .optional()
        .openapi({ description: "yaml where it is missing and JSON is not what `Accept` asks for." }),
    }),
  },
  responses: {
    200: {
      description: "A `ledge.yaml`.",
      content: { "application/yaml": { schema: z.string() }, "application/json": { schema: ConfigSchema } },
    },
    ...problems(401, 403, 410, 422, 429, 503),
  },
});

const YAML_TYPES: ReadonlySet<string> = new Set([
  "application/yaml",
  "application/x-yaml",
  "text/yaml",
  "text/x-yaml",
  "text/vnd.yaml",
  "text/plain",
  "",
]);

async function configOf(c: Context<AppEnv>): Promise<Config> {
  const type = c.req.header("content-type")?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const is_json = type === "application/json" || type.endsWith("+json");
  if (!is_json && !YAML_TYPES.has(type)) throw new Problem("unsupported_media_type", "Send application/yaml or application/json.");
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(await c.req.arrayBuffer());
  } catch (error) {
    if (error instanceof TypeError) throw new Problem("bad_request", "The body is not UTF-8.");
    throw error;
  }
  return readConfig(text, is_json ? "json" : "yaml");
}

function planOn(now: Definitions, config: Config, prune: boolean): Plan {
  return planConfig(declaredOf(now), config, prune);
}

function viewOf(state: string, { changes, put, remove }: Plan): z.infer<typeof PlanView> {
  return { state, changed: put.length + remove.length > 0, summary: summaryOf(changes), changes };
}

/** Names by what was done with them, for the audit log. */
function doneWith({ changes }: Plan): Record<string, string[]> {
  const done = changes.filter(({ action }) => action === "create" || action === "change" || action === "delete");
  return Object.fromEntries([...Map.groupBy(done, ({ action }) => action)].map(([action, same]) => [action, same.map(({ name }) => name)]));
}

export const configRoutes = createRouter();
configRoutes.openAPIRegistry.register("LedgeConfig", ConfigSchema);

configRoutes.openapi(plan, async (c) => {
  const config = await configOf(c);
  const now = await readDefinitions(c.env, c.var.access.project_id);
  return c.json(viewOf(stateOf(now), planOn(now, config, c.req.valid("query").prune === "true")), 200);
});

configRoutes.openapi(apply, async (c) => {
  const { prune, expected_state = null } = c.req.valid("query");
  const config = await configOf(c);
  let done: Plan | null = null;
  const change = (now: Definitions) => {
    done = planOn(now, config, prune === "true");
    return done;
  };
  const after = await changeDefinitions(c.env, c.var.access.project_id, change, expected_state);
  const answer = viewOf(stateOf(after), done!);
  if (answer.changed) {
    await recordDeed(c, { action: "config.applied", details: doneWith(done!) }).catch((error: unknown) => {
      console.error("the audit log did not take an entry", "config.applied", error);
    });
  }
  return c.json(answer, 200);
});

configRoutes.openapi(exported, async (c) => {
  const declared = declaredOf(await readDefinitions(c.env, c.var.access.project_id));
  const wants_json = c.req.header("accept")?.includes("application/json") ?? false;
  const format = c.req.valid("query").format ?? (wants_json ? "json" : "yaml");
  const headers = { "content-type": format === "json" ? "application/json" : "application/yaml; charset=utf-8", vary: "accept" };
  return c.body(printConfig({ metrics: declared }, format), 200, headers) as never;
});
