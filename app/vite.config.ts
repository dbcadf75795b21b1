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

/**
 * What every page needs is a few files in place of a hundred small ones: a browser fetches six at a time of a service that speaks HTTP/1.1.
 * What a page may never need (palette, editor, charts, sheets of forms) is in none of them.
 */
const SHARED = [
  { name: "svelte", test: /node_modules\/(svelte|@sveltejs\/kit|esm-env|clsx|devalue)\//, priority: 3 },
  { name: "icons", test: /node_modules\/@lucide\//, priority: 3 },
  {
    name: "floating",
    test: /node_modules\/(@floating-ui|svelte-toolbelt|runed|tabbable|bits-ui\/dist\/(internal|shared|bits\/(utilities|menu|dropdown-menu|popover|dialog)))/,
    priority: 2,
  },
  {
    name: "base",
    test: /app\/src\/lib\/((api|format)\/|(?!reference)[^/]+\.ts$|shell\/(places|panels|liveness)|ui\/(Button|Input|Field|Select|KeyHint|Skeleton|EmptyState|ErrorNote|ProgressLine|Segmented|LevelMark|CopyButton|Popover|Menu)\.svelte)/,
    priority: 1,
  },
];

export default defineConfig(({ isSsrBuild }) => ({
  plugins: [tailwindcss(), sveltekit()],
  build: { target: "es2023", rolldownOptions: isSsrBuild ? {} : { output: { codeSplitting: { groups: SHARED } } } },
  server: { proxy },
}));
