declare module "splunk-logging" {
  interface Context {
    message: unknown;
    severity?: string;
    metadata?: Record<string, unknown>;
  }
  class Logger {
    constructor(config: { token: string; url: string; maxBatchCount?: number });
    error: (error: unknown, context: unknown) => void;
    send(context: Context, done?: (error: unknown, response: unknown, body: unknown) => void): void;
  }
  const splunk: { Logger: typeof Logger };
  export default splunk;
}
