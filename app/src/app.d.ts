declare global {
  namespace App {
    interface Platform {
      env: {
        /** The Worker, by the service binding of wrangler.toml. */
        API: { fetch(request: Request): Promise<Response> };
      };
    }
  }
}

export {};
