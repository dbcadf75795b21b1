/** Where to go after signing in: a page of this app only. An address of elsewhere, however it is dressed up, leads to the logs. */
export function safeNext(next: string | null, fallback = "/explore"): string {
  if (next === null) return fallback;
  try {
    const url = new URL(next, "http://here.invalid");
    if (url.origin !== "http://here.invalid" || !next.startsWith("/") || url.pathname.startsWith("/sign-in")) return fallback;
    return url.pathname + url.search + url.hash;
  } catch {
    return fallback;
  }
}

/** What stands behind the # of a link: `token` of `/join#token=…`. It never leaves the browser by itself. */
export function fragmentValue(name: string): string {
  return typeof location === "undefined" ? "" : (new URLSearchParams(location.hash.slice(1)).get(name) ?? "");
}
