declare module "swagger-ui-dist/swagger-ui-es-bundle.js" {
  /** Renders an API's description into a node. */
  const SwaggerUI: (options: {
    url: string;
    domNode: HTMLElement;
    deepLinking?: boolean;
    docExpansion?: "list" | "full" | "none";
    defaultModelsExpandDepth?: number;
    persistAuthorization?: boolean;
    validatorUrl?: null;
    requestInterceptor?: (request: { url: string; headers: Record<string, string> }) => unknown;
  }) => unknown;
  export default SwaggerUI;
}
