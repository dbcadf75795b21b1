import { Cron } from "croner";

export interface CronDriver {
  stop(): void;
}

/** Calls `fire` at the times of the expressions, in UTC as Cloudflare does, never twice at once for the same one. */
export function driveCron(expressions: string[], fire: (cron: string, at: Date) => Promise<void>): CronDriver {
  const jobs = expressions.map(
    (expression) => new Cron(expression, { timezone: "UTC", protect: true, unref: true }, () => fire(expression, new Date())),
  );
  return {
    stop() {
      for (const job of jobs) job.stop();
    },
  };
}
