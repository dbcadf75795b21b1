import type { KeyRecord, ProjectSettings, Scope } from "../../durable-objects/project-stream/types.ts";
import type { Env } from "../env.ts";
import { Problem } from "../errors.ts";

/** Who asks: set by `authenticate`, read as `c.var.access`. The project id of every query, object name and R2 key comes from here. */
export interface Access {
  project_id: string;
  key: KeyRecord;
  settings: ProjectSettings;
  scopes: readonly Scope[];
}

/** Types of every router of the Worker. */
export interface AppEnv {
  Bindings: Env;
  Variables: {
    access: Access;
    request_id: string;
  };
}

/** @throws Problem `forbidden` where the key lacks the scope. */
export function requireScope(access: Access, scope: Scope): void {
  if (access.scopes.includes(scope)) return;
  throw new Problem("forbidden", `This key has the scopes ${access.scopes.join(", ") || "(none)"}; "${scope}" is needed.`, {
    needed_scope: scope,
  });
}

/** @throws Problem `forbidden` where a path names another project than the key's. */
export function requireProject(access: Access, project_id: string): void {
  if (access.project_id === project_id) return;
  throw new Problem("forbidden", "This key belongs to another project than the one in the path.");
}
