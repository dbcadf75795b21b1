import type { Handle } from "@sveltejs/kit";

/** Tells the Worker that the app has no page for this path, so that it answers itself. */
const FORWARDED = "x-ledge-forwarded";

const SECURITY_HEADERS: Record<string, string> = {
  "x-frame-options": "DENY",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
};

/** Pages are answered here; everything else is the Worker's, whose answer passes untouched (a WebSocket does not survive a copy). */
export const handle: Handle = async ({ event, resolve }) => {
  if (event.route.id === null && event.platform !== undefined) {
    const forwarded = new Request(event.request);
    forwarded.headers.set(FORWARDED, "app");
    const answer = await event.platform.env.API.fetch(forwarded);
    if (!(answer.status === 404 && wantsPage(event.request))) return answer;
  }
  const page = await resolve(event);
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) page.headers.set(name, value);
  return page;
};

/** True for somebody who typed an address, not for a program. */
function wantsPage(request: Request): boolean {
  return request.method === "GET" && (request.headers.get("accept") ?? "").includes("text/html");
}
