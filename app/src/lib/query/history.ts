/** Queries that were run in this browser, newest first. */
const NAME = "ledge.history";
const KEPT_MAX = 50;
const LENGTH_MAX = 2_000;

export function queryHistory(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(NAME) ?? "[]");
    return Array.isArray(kept) ? kept.filter((each) => typeof each === "string") : [];
  } catch {
    return [];
  }
}

export function remember(query: string): void {
  const text = query.trim();
  if (text === "" || text.length > LENGTH_MAX) return;
  try {
    localStorage.setItem(NAME, JSON.stringify([text, ...queryHistory().filter((each) => each !== text)].slice(0, KEPT_MAX)));
  } catch {
    // Without storage there is no history.
  }
}
