/** The API reference. Its library is large: this module is loaded by the page that needs it alone. */
import "swagger-ui-dist/swagger-ui.css";
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";
import { identityHeaders } from "./api/client.ts";

export function renderReference(node: HTMLElement): void {
  SwaggerUI({
    url: "/openapi.json",
    domNode: node,
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    validatorUrl: null,
    // "Try it out" asks as the person who is signed in, for the project looked at last, where no key was entered.
    requestInterceptor(request) {
      const named = Object.keys(request.headers).some((name) => name.toLowerCase() === "authorization");
      if (!named && new URL(request.url, location.origin).origin === location.origin) Object.assign(request.headers, identityHeaders());
      return request;
    },
  });
}
