export type { Credentials, Secrets } from "./credentials.ts";
export { readCredentials, readSecrets } from "./credentials.ts";
export { StartFault } from "./fault.ts";
export type { Ledge, StartOptions } from "./start-ledge.ts";
export { startLedge } from "./start-ledge.ts";
