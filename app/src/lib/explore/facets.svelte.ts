/** The fields of what was found, and the values of those that are unfolded. */
import { api, ask, type Schemas } from "../api/client.ts";
import { type ApiError, shownError } from "../api/problem.ts";
import { filterPart } from "../query/filters.ts";
import type { Range } from "../ranges.ts";

export type FieldInfo = Schemas["Fields"]["fields"][number];
export type ValueCount = Schemas["FieldValues"]["values"][number];

export interface FacetValues {
  values: ValueCount[];
  distinct: number;
  /** Why counts cover less than was asked. */
  partial: string | null;
  error: ApiError | null;
}

const VALUES_SHOWN = 10;
export const VALUES_MORE = 100;
/** Unfolded at first. Levels come with the histogram. */
const UNFOLDED = ["level", "service", "host"];
/** Of these every value is another one: no facets. */
const NOT_OFFERED = new Set(["timestamp", "ingest_ts", "event_id", "message"]);
const FIRST = ["level", "service", "host", "environment", "source"];

export class Facets {
  fields = $state.raw<FieldInfo[]>([]);
  unfolded = $state.raw<ReadonlySet<string>>(new Set(UNFOLDED));
  values = $state.raw<ReadonlyMap<string, FacetValues>>(new Map());
  loading = $state(false);
  #asked: { query: string; range: Range } | null = null;
  #stop = new AbortController();
  #limits = new Map<string, number>();

  /** Fields that can be unfolded: an event's own first, then the most frequent. */
  readonly offered = $derived(
    this.fields
      .filter(({ name }) => !NOT_OFFERED.has(name))
      .toSorted((one, other) => rank(one.name) - rank(other.name) || other.count - one.count || (one.name < other.name ? -1 : 1)),
  );

  /** Looks again, after a search. What was there stays in sight until then. */
  async look(query: string, range: Range): Promise<void> {
    this.#stop.abort();
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    this.#asked = { query: filterPart(query), range };
    this.#limits.clear();
    this.loading = true;
    await Promise.all([...this.unfolded].map((name) => this.#readValues(name, signal)));
    try {
      const answer = await ask(api.GET("/api/v1/fields", { params: { query: this.#parameters() }, signal }));
      this.fields = answer.fields;
    } catch {
      // The search tells what is wrong.
    } finally {
      if (!signal.aborted) this.loading = false;
    }
  }

  toggle(name: string): void {
    const unfolded = new Set(this.unfolded);
    if (unfolded.delete(name)) this.unfolded = unfolded;
    else {
      this.unfolded = unfolded.add(name);
      void this.#readValues(name, this.#stop.signal);
    }
  }

  /** More values of a field, or those that begin so. */
  more(name: string, prefix = ""): void {
    this.#limits.set(name, VALUES_MORE);
    void this.#readValues(name, this.#stop.signal, prefix);
  }

  stop(): void {
    this.#stop.abort();
  }

  async #readValues(name: string, signal: AbortSignal, prefix = ""): Promise<void> {
    if (!this.#asked) return;
    const query = { ...this.#parameters(), limit: this.#limits.get(name) ?? VALUES_SHOWN, ...(prefix === "" ? {} : { prefix }) };
    try {
      const { values, distinct, partial } = await ask(
        api.GET("/api/v1/fields/{name}/values", { params: { path: { name }, query }, signal }),
      );
      this.#put(name, { values, distinct, partial, error: null });
    } catch (error) {
      if (!signal.aborted) this.#put(name, { values: [], distinct: 0, partial: null, error: shownError(error) });
    }
  }

  #put(name: string, values: FacetValues): void {
    this.values = new Map(this.values).set(name, values);
  }

  #parameters(): { q: string; from: string; to?: string } {
    const { query, range } = this.#asked ?? { query: "", range: { from: "-15m", to: null } };
    return { q: query, from: range.from, ...(range.to === null ? {} : { to: range.to }) };
  }
}

function rank(name: string): number {
  const at = FIRST.indexOf(name);
  return at < 0 ? FIRST.length : at;
}
