/** Who looks, and at which project. */
import { api, ask, identify } from "./api/client.ts";
import { ApiError, shownError } from "./api/problem.ts";
import { preferences } from "./preferences.svelte.ts";

export type Role = "owner" | "admin" | "member" | "viewer";

export interface ProjectChoice {
  project_id: string;
  name: string;
  organization_name: string;
  role: Role;
}

const KEY = "ledge.key";

class Session {
  state = $state<"unknown" | "signed_out" | "signed_in" | "failed">("unknown");
  email = $state("");
  projects = $state.raw<ProjectChoice[]>([]);
  project = $state.raw<ProjectChoice | null>(null);
  error = $state.raw<ApiError | null>(null);

  /** Asks the service who is signed in. @param wanted the project that the address names */
  async load(wanted: string | null = null): Promise<void> {
    const key = localStorage.getItem(KEY);
    if (!key) {
      this.state = "signed_out";
      return;
    }
    identify({ authorization: `Bearer ${key}` });
    try {
      const { project_id, name } = await ask(api.GET("/api/v1/project"));
      this.projects = [{ project_id, name, organization_name: "local", role: "owner" }];
      this.choose(this.projects.some((project) => project.project_id === wanted) ? wanted! : project_id);
      this.state = "signed_in";
      this.error = null;
    } catch (error) {
      this.error = shownError(error);
      this.state = error instanceof ApiError && error.status === 401 ? "signed_out" : "failed";
    }
  }

  choose(project_id: string): void {
    this.project = this.projects.find((project) => project.project_id === project_id) ?? null;
    preferences.set({ project_id });
  }

  async signIn(key: string): Promise<void> {
    localStorage.setItem(KEY, key.trim());
    await this.load();
  }

  async signOut(): Promise<void> {
    localStorage.removeItem(KEY);
    identify({});
    this.state = "signed_out";
    this.projects = [];
    this.project = null;
  }
}

export const session = new Session();
