import type { KeyRecord, ProjectSettings, Scope } from "../../durable-objects/project-stream/types.ts";
import type { Membership, Role } from "../catalog/people.ts";
import type { Env } from "../env.ts";
import { Problem } from "../errors.ts";
import type { Permission } from "./permissions.ts";
import type { SignedIn } from "./sessions.ts";

/** Who asks: set by `authenticate`, read as `c.var.access`. The project id of every query, object name and R2 key comes from here. */
export interface Access {
  project_id: string;
  /** Known of a session only: a key is judged without D1. */
  organization_id: string | null;
  /** The key that was presented; null where a session asks. */
  key: KeyRecord | null;
  /** The person whose session asks, and the role in the project's organization; null for a key. */
  user: SignedIn["user"] | null;
  role: Role | null;
  settings: ProjectSettings;
  /** What the key or the role may. */
  permissions: ReadonlySet<Permission>;
  /** The key's scopes; empty for a session. */
  scopes: readonly Scope[];
}

/** Types of every router of the Worker. */
export interface AppEnv {
  Bindings: Env;
  Variables: {
    access: Access;
    /** Set by `authenticatePerson` and `authenticateMember`. */
    person: SignedIn;
    /** Set by `authenticateMember`: the membership in the organization that is asked for. */
    member: Membership;
    request_id: string;
  };
}

/** @throws Problem `forbidden` where a path names another project than the key's. */
export function requireProject(access: Access, project_id: string): void {
  if (access.project_id === project_id) return;
  throw new Problem("forbidden", "This key belongs to another project than the one in the path.");
}
