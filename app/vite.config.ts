import { sveltekit } from "@sveltejs/kit/vite";
import tailwindcss from "@tailwindcss/vite";
import { defineConfig } from "vite";

/** `LEDGE_URL=http://127.0.0.1:8787 npx vite dev app`: the app while it is changed, on the data of a service that runs. */
const service = process.env.LEDGE_URL;
const proxy = service
  ? Object.fromEntries(
      // The service lets sessions change something for pages of its own origin only.
      ["/api", "/in", "/openapi.json"].map((path) => [
        path,
        { target: service, changeOrigin: true, ws: true, headers: { origin: new URL(service).origin } },
      ]),
    )
  : {};

export default defineConfig({
  plugins: [tailwindcss(), sveltekit()],
  build: { target: "es2023" },
  server: { proxy },
});
