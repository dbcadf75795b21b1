/** The keys of Explore, and what the palette offers while it is shown. */
import { goto } from "$app/navigation";
import { keys } from "../keys.svelte.ts";
import type { LogEvent } from "../lines/event-fields.ts";
import { preferences } from "../preferences.svelte.ts";
import { conditionOf } from "../query/filters.ts";
import { queryHistory } from "../query/history.ts";
import { PRESETS, type Range, shifted, zoomedOut } from "../ranges.ts";
import { session } from "../session.svelte.ts";
import { type Command, commands } from "../shell/panels.svelte.ts";
import { copyText } from "../toasts.svelte.ts";
import { addressWith } from "../url-state.ts";
import { savedSearches } from "./searches.svelte.ts";
import type { ExploreView } from "./view.svelte.ts";

export interface Hands {
  view: ExploreView;
  /** The line that is open, else the one that the keyboard is at. */
  event: () => LogEvent | null;
  mover: () => { move: (step: number) => void; go: (index: number) => void } | undefined;
  active: () => number;
  focusQuery: () => void;
  run: () => void;
  filter: (condition: string) => void;
  openTime: () => void;
  openSearches: () => void;
  openExport: () => void;
  toggleFacets: () => void;
  setRange: (range: Range) => void;
}

/** To be called while the component is made. */
export function exploreKeys(hands: Hands): void {
  const { view } = hands;
  const open = (): void => {
    const event = hands.event();
    if (event) view.setOpen(view.open === event.event_id ? null : event.event_id);
  };
  /** Lines of the same kind: those that differ in their variable parts only. */
  const kind = (exclude: boolean): void => {
    const event = hands.event();
    const condition = event?.fingerprint ? conditionOf("fingerprint", event.fingerprint, exclude) : null;
    if (condition) hands.filter(condition);
  };
  const copy = (): void => {
    const event = hands.event();
    if (event) void copyText(JSON.stringify(event, null, 2), "the line as JSON");
  };
  const around = (): void => {
    const event = hands.event();
    if (event) view.setOpen(event.event_id, "around");
  };
  const live = (): void => {
    const parameters = new URLSearchParams({ p: session.project?.project_id ?? "", q: view.query });
    void goto(`/live?${parameters}`);
  };
  $effect.pre(() =>
    keys.add([
      { keys: "/", label: "To the query", group: "Query", run: hands.focusQuery },
      { keys: "mod+Enter", label: "Search", group: "Query", run: hands.run, in_fields: true },
      { keys: "r", label: "Look again", group: "Query", run: hands.run },
      { keys: "h", label: "Saved searches and history", group: "Query", run: hands.openSearches },
      { keys: "b", label: "Fields and their values", group: "Query", run: hands.toggleFacets },
      { keys: "e", label: "Export", group: "Query", run: hands.openExport },
      { keys: "j", label: "Next line", group: "Lines", run: () => hands.mover()?.move(1) },
      { keys: "k", label: "Line before", group: "Lines", run: () => hands.mover()?.move(-1) },
      { keys: "ArrowDown", label: "", group: "Lines", run: () => hands.mover()?.move(1) },
      { keys: "ArrowUp", label: "", group: "Lines", run: () => hands.mover()?.move(-1) },
      { keys: "Home", label: "Newest line", group: "Lines", run: () => hands.mover()?.go(0) },
      { keys: "Enter", label: "Open or close the line", group: "Lines", run: open },
      { keys: "o", label: "", group: "Lines", run: open },
      { keys: "Escape", label: "Close the line", group: "Lines", run: () => view.open && view.setOpen(null) },
      { keys: "f", label: "Filter for the field in focus, or for lines like this", group: "Lines", run: () => kind(false) },
      { keys: "x", label: "Filter them out", group: "Lines", run: () => kind(true) },
      { keys: "c", label: "Copy the field in focus, or the line", group: "Lines", run: copy },
      { keys: "s", label: "Surroundings of the line", group: "Lines", run: around },
      { keys: "w", label: "Wrap long lines", group: "Lines", run: () => preferences.set({ wrap: !preferences.wrap }) },
      { keys: "t", label: "Choose the time", group: "Time", run: hands.openTime },
      { keys: "[", label: "Earlier", group: "Time", run: () => hands.setRange(shifted(view.range, -1)) },
      { keys: "]", label: "Later", group: "Time", run: () => hands.setRange(shifted(view.range, 1)) },
      { keys: "-", label: "Twice as much time", group: "Time", run: () => hands.setRange(zoomedOut(view.range)) },
      { keys: "l", label: "Watch this query live", group: "Live", run: live },
    ]),
  );
  $effect.pre(() => commands.add(() => offered(hands, live)));
  $effect.pre(() => void savedSearches.load());
}

/** Where a metric is declared from a query. */
export function metricAddress(query: string): string {
  return `/metrics/new?${new URLSearchParams({ p: session.project?.project_id ?? "", q: query })}`;
}

const RECENT_SHOWN = 8;

function offered({ view, openExport, setRange }: Hands, live: () => void): Command[] {
  return [
    ...savedSearches.all.map((search) => ({
      label: search.name,
      group: "Saved searches",
      words: search.query,
      run: () => void goto(addressWith({ ...(search.view as Record<string, string>), q: search.query })),
    })),
    { label: "Watch this query live", group: "Actions", keys: "l", run: live },
    { label: "Make a metric of this query", group: "Actions", words: "chart declare", run: () => void goto(metricAddress(view.query)) },
    { label: "Export what was found", group: "Actions", keys: "e", words: "download csv parquet", run: openExport },
    { label: "Copy a link to this view", group: "Actions", words: "share", run: () => void copyText(view.link(), "a link to this view") },
    ...PRESETS.map((preset) => ({
      label: `The last ${preset.words}`,
      group: "Time",
      run: () => setRange({ from: preset.from, to: null }),
    })),
    ...queryHistory()
      .slice(0, RECENT_SHOWN)
      .map((query) => ({ label: query, group: "Recent", run: () => view.setQuery(query) })),
  ];
}
