/** Searches that the members of a project keep for each other. */
import { api, ask, type Schemas } from "../api/client.ts";
import { isAbort, shownError } from "../api/problem.ts";
import { toasts } from "../toasts.svelte.ts";

export type SavedSearch = Schemas["SavedSearch"];

class SavedSearches {
  all = $state.raw<SavedSearch[]>([]);

  async load(): Promise<void> {
    try {
      const { searches } = await ask(api.GET("/api/v1/searches"));
      this.all = searches;
    } catch (error) {
      if (!isAbort(error)) this.all = [];
    }
  }

  /** @param view the parameters of the address besides the query */
  async save(name: string, query: string, view: Record<string, string>): Promise<void> {
    const saved = await ask(api.POST("/api/v1/searches", { body: { name, query, view: view as Record<string, never> } }));
    this.all = [...this.all, saved].toSorted((one, other) => (one.name < other.name ? -1 : 1));
    toasts.show(`Saved “${name}” for everybody in the project`, { tone: "good" });
  }

  async remove(search: SavedSearch): Promise<void> {
    try {
      await ask(api.DELETE("/api/v1/searches/{search_id}", { params: { path: { search_id: search.search_id } } }));
      this.all = this.all.filter(({ search_id }) => search_id !== search.search_id);
      const back = (): void => void this.save(search.name, search.query, search.view as Record<string, string>);
      toasts.show(`Deleted “${search.name}”`, { action: { label: "Undo", run: back } });
    } catch (error) {
      toasts.show(shownError(error).message, { tone: "danger" });
    }
  }
}

export const savedSearches = new SavedSearches();
