/** What is looked at stands in the address: a link shows the same view, and Back undoes a step. */
import { browser } from "$app/environment";
import { goto } from "$app/navigation";
import { page } from "$app/state";

const NOTHING = new URLSearchParams();

/** The parameters of the address; none while pages are built. */
export function parameters(): URLSearchParams {
  return browser ? page.url.searchParams : NOTHING;
}

/** This page's address with changed parameters; null takes one away. */
export function addressWith(changes: Record<string, string | null>, base: URL = page.url): string {
  const search = new URLSearchParams(base.searchParams);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") search.delete(name);
    else search.set(name, value);
  }
  const text = search.toString();
  return text === "" ? base.pathname : `${base.pathname}?${text}`;
}

/** Goes there: a step that Back undoes, unless it replaces the present one. */
export function setParameters(changes: Record<string, string | null>, { replace = false } = {}): Promise<void> {
  const address = addressWith(changes);
  if (address === page.url.pathname + page.url.search) return Promise.resolve();
  return goto(address, { replaceState: replace, keepFocus: true, noScroll: true });
}
