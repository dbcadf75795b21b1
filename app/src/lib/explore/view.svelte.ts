/** What Explore looks at, as it stands in the address. */
import { absoluteRange, DEFAULT_RANGE, type Range, resolveRange } from "../ranges.ts";
import { addressWith, parameters, setParameters } from "../url-state.ts";

export const SHAPES = ["lines", "table", "json"] as const;
export type Shape = (typeof SHAPES)[number];
export const CHARTS = ["auto", "line", "bar", "table", "number"] as const;
export type Chart = (typeof CHARTS)[number];
export type DetailTab = "fields" | "around" | "json";

function oneOf<Value extends string>(known: readonly Value[], value: string | null): Value {
  return known.find((each) => each === value) ?? (known[0] as Value);
}

/** Names may hold commas: each is encoded by itself. */
function readColumns(text: string | null): string[] {
  return (text ?? "")
    .split(",")
    .filter(Boolean)
    .map((name) => decodeURIComponent(name));
}

export class ExploreView {
  readonly query = $derived(parameters().get("q") ?? "");
  readonly #from = $derived(parameters().get("from") ?? DEFAULT_RANGE.from);
  readonly #to = $derived(parameters().get("to"));
  /** The same object as long as nothing else is asked for: searches hang on it. */
  readonly range = $derived<Range>({ from: this.#from, to: this.#to });
  readonly shape = $derived(oneOf(SHAPES, parameters().get("view")));
  readonly #columns = $derived(parameters().get("cols"));
  readonly columns = $derived(readColumns(this.#columns));
  /** The field that splits the histogram. */
  readonly by = $derived(parameters().get("by") ?? "level");
  readonly chart = $derived(oneOf(CHARTS, parameters().get("chart")));
  /** The event that is open. */
  readonly open = $derived(parameters().get("open"));
  readonly tab = $derived(oneOf<DetailTab>(["fields", "around", "json"], parameters().get("tab")));

  setQuery(query: string): void {
    void setParameters({ q: query.trim(), open: null, tab: null, chart: null });
  }

  setRange(range: Range): void {
    void setParameters({ ...rangeParameters(range), open: null, tab: null });
  }

  set(query: string, range: Range): void {
    void setParameters({ q: query.trim(), ...rangeParameters(range), open: null, tab: null, chart: null });
  }

  setShape(shape: Shape): void {
    void setParameters({ view: shape === "lines" ? null : shape });
  }

  setColumns(columns: readonly string[]): void {
    const text = columns.map((name) => encodeURIComponent(name)).join(",");
    void setParameters({ cols: text, view: columns.length > 0 ? "table" : null });
  }

  setBy(by: string): void {
    void setParameters({ by: by === "level" ? null : by });
  }

  setChart(chart: Chart): void {
    void setParameters({ chart: chart === "auto" ? null : chart }, { replace: true });
  }

  /** Opening another line is no step of its own: Back leads to the list. */
  setOpen(event_id: string | null, tab: DetailTab = "fields"): void {
    void setParameters({ open: event_id, tab: tab === "fields" ? null : tab }, { replace: this.open !== null });
  }

  /** A link that shows the same to a colleague, later too. */
  link(changes: Record<string, string | null> = {}): string {
    const { from_ms, to_ms } = resolveRange(this.range);
    const range = absoluteRange(from_ms, to_ms);
    return new URL(addressWith({ from: range.from, to: range.to, ...changes }), location.href).href;
  }
}

export function rangeParameters(range: Range): Record<string, string | null> {
  const standard = range.from === DEFAULT_RANGE.from && range.to === null;
  return { from: standard ? null : range.from, to: range.to };
}
