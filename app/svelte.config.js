import adapter from "@sveltejs/adapter-cloudflare";

// Pages are made when the app is built and need no bindings: without the emulation no second workerd is started for it.
const pages = { ...adapter({ config: "wrangler.toml" }), emulate: undefined };

/** @type {import("@sveltejs/kit").Config} */
export default {
  compilerOptions: { runes: true },
  kit: {
    adapter: pages,
    // Requests of other origins belong to the API, which judges them itself; the app has no form actions and no cookies.
    csrf: { trustedOrigins: ["*"] },
    csp: {
      mode: "auto",
      directives: {
        "default-src": ["self"],
        "script-src": ["self"],
        "style-src": ["self"],
        // Two style attributes, by their hashes: SvelteKit's announcer of page changes for screen readers, and "display: contents;" of bits-ui's list of commands.
        "style-src-attr": [
          "unsafe-hashes",
          "sha256-S8qMpvofolR8Mpjy4kQvEm7m1q8clzU4dfDH0AmvZjo=",
          "sha256-iaOezIDcQIoxCULa6FBKKuLUu09R7kG+Mlu+JVfU3Rw=",
        ],
        "img-src": ["self", "data:"],
        "connect-src": ["self"],
        "object-src": ["none"],
        "base-uri": ["none"],
        "form-action": ["self"],
      },
    },
    version: { pollInterval: 0 },
  },
};
