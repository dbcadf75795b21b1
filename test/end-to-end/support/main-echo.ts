/** A Worker that has nothing but what the app hands on to it: shows that the app passes requests and answers untouched. */
import { DurableObject } from "cloudflare:workers";

export class ProjectStream extends DurableObject {}
export class ProjectMonitor extends DurableObject {}

interface EchoEnv {
  APP: Fetcher;
}

function echoSocket(): Response {
  const [client, server] = Object.values(new WebSocketPair());
  if (client === undefined || server === undefined) throw new Error("a pair has two ends");
  server.accept();
  server.addEventListener("message", (event) => server.send(`echo ${event.data}`));
  return new Response(null, { status: 101, webSocket: client });
}

export default {
  async fetch(request: Request, env: EchoEnv): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/api/v1/bootstrap") return Response.json({ project_id: "p", api_key: "k" });
    if (request.headers.get("x-ledge-forwarded") !== "app") return env.APP.fetch(request);
    if (request.headers.get("upgrade") === "websocket") return echoSocket();
    if (pathname === "/api/echo")
      return new Response(request.body, { status: 202, headers: { "x-method": request.method, "cache-control": "no-store" } });
    return Response.json({ title: "nothing" }, { status: 404 });
  },
};
