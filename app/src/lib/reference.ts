/** The API reference. Its library is large: this module is loaded by the page that needs it alone. */
import "swagger-ui-dist/swagger-ui.css";
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";
import { storedKey } from "./api-key.ts";

export function renderReference(node: HTMLElement): void {
  SwaggerUI({
    url: "/openapi.json",
    domNode: node,
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    validatorUrl: null,
    // "Try it out" uses the key of this browser where none was entered.
    requestInterceptor(request) {
      const key = storedKey();
      const named = Object.keys(request.headers).some((name) => name.toLowerCase() === "authorization");
      if (!named && key !== "" && new URL(request.url, location.origin).origin === location.origin) {
        request.headers.authorization = `Bearer ${key}`;
      }
      return request;
    },
  });
}
