/** Who looks, and at which project. The session itself is a cookie that no script can read. */
import { api, ask, identify, type Schemas } from "./api/client.ts";
import { type ApiError, shownError } from "./api/problem.ts";
import { followPreferences, leavePreferences } from "./followed-preferences.ts";
import { preferences } from "./preferences.svelte.ts";

export type ProjectChoice = Schemas["ListedProject"];
export type OrganizationChoice = Schemas["Organization"];
export type Role = ProjectChoice["role"];

/** Each role may all that those below it may. */
const RANKS: Record<Role, number> = { viewer: 0, member: 1, admin: 2, owner: 3 };

class Session {
  /** `nobody`: not signed in; `unclaimed`: and nobody has signed up yet. */
  state = $state<"unknown" | "nobody" | "unclaimed" | "signed_in" | "failed">("unknown");
  user = $state.raw<Schemas["User"] | null>(null);
  organizations = $state.raw<OrganizationChoice[]>([]);
  projects = $state.raw<ProjectChoice[]>([]);
  /** Null where there is none, or none of that id among the person's. */
  project = $state.raw<ProjectChoice | null>(null);
  error = $state.raw<ApiError | null>(null);
  /** Of a new password, in characters; null until the service has said it. */
  password_length_min = $state<number | null>(null);

  /** Where no project is looked at: the organization that is, by its id. */
  #organization_id = $state<string | null>(null);

  /** The organization of the project that is looked at; where there is no project, the one that was entered, else the first one. */
  get organization(): OrganizationChoice | null {
    const id = this.project?.organization_id ?? this.#organization_id;
    return this.organizations.find((organization) => organization.organization_id === id) ?? this.organizations[0] ?? null;
  }

  /** My role there. */
  get role(): Role {
    return this.project?.role ?? this.organization?.role ?? "viewer";
  }

  /** Asks the service who is signed in. @param wanted the project that the address names */
  async load(wanted: string | null = null): Promise<void> {
    // Somebody who was here before is probably signed in still: what is needed then is asked for in the same moment.
    const early = preferences.project_id === null ? null : this.#readProjects().catch(() => null);
    try {
      const [{ user }, setup] = await Promise.all([ask(api.GET("/api/v1/auth/session")), ask(api.GET("/api/v1/setup"))]);
      this.user = user;
      this.password_length_min = setup.password_length_min;
      this.error = null;
      if (user === null) {
        this.state = setup.needs_owner ? "unclaimed" : "nobody";
        return;
      }
      this.#takeProjects((await early) ?? (await this.#readProjects()), wanted);
      this.state = "signed_in";
      void followPreferences();
    } catch (error) {
      this.error = shownError(error);
      if (this.state !== "signed_in") this.state = "failed";
    }
  }

  /** After projects were made, renamed or deleted. */
  async loadProjects(wanted: string | null = this.project?.project_id ?? null): Promise<void> {
    const entered = this.project === null ? this.#organization_id : null;
    this.#takeProjects(await this.#readProjects(), wanted);
    if (wanted === null && this.organizations.some(({ organization_id }) => organization_id === entered)) this.enter(entered);
  }

  async #readProjects(): Promise<{ projects: ProjectChoice[]; organizations: OrganizationChoice[] }> {
    const [{ projects }, { organizations }] = await Promise.all([ask(api.GET("/api/v1/projects")), ask(api.GET("/api/v1/organizations"))]);
    return { projects, organizations };
  }

  #takeProjects(
    { projects, organizations }: { projects: ProjectChoice[]; organizations: OrganizationChoice[] },
    wanted: string | null,
  ): void {
    this.projects = projects;
    this.organizations = organizations;
    const known = (project_id: string | null): boolean => projects.some((project) => project.project_id === project_id);
    this.choose(wanted ?? (known(preferences.project_id) ? preferences.project_id : projects[0]?.project_id) ?? null);
  }

  choose(project_id: string | null): void {
    this.project = this.projects.find((project) => project.project_id === project_id) ?? null;
    if (this.project) {
      identify({ "x-ledge-project": this.project.project_id });
      preferences.visit(this.project.project_id);
    } else this.enter(null);
  }

  /** Looks at an organization and none of its projects: it may have none. @param organization_id null: the first one */
  enter(organization_id: string | null): void {
    this.project = null;
    this.#organization_id = organization_id;
    identify(this.organization ? { "x-ledge-organization": this.organization.organization_id } : {});
  }

  /** Whether the person's role here is this one or one above it. The service judges for itself; this decides what is offered. */
  atLeast(role: Role): boolean {
    return this.user !== null && RANKS[this.role] >= RANKS[role];
  }

  async signOut(): Promise<void> {
    await ask(api.POST("/api/v1/auth/sign-out"));
    leavePreferences();
    identify({});
    this.state = "nobody";
    this.user = null;
    this.organizations = [];
    this.projects = [];
    this.project = null;
  }
}

export const session = new Session();
