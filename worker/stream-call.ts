import type { ProjectStreamRpc } from "../durable-objects/project-stream/types.ts";
import { streamOf } from "./catalog/stream.ts";
import type { Env } from "./env.ts";
import { Problem } from "./errors.ts";
import { withTimeout } from "./timeout.ts";

const RETRY_AFTER_S = 2;

function isRetryable(error: unknown): boolean {
  const fault = error as { retryable?: boolean; overloaded?: boolean } | null;
  return fault?.retryable === true && fault.overloaded !== true;
}

/**
 * What a call of a project's object gives. A call that failed in a way that the platform marks as passing is made once more; `attempt` makes a new stub each time.
 * Only calls that may be repeated belong here.
 * @throws Problem `unavailable`
 */
export async function tryTwice<T>(attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt().catch((error: unknown) => {
      if (isRetryable(error)) return attempt();
      throw error;
    });
  } catch (error) {
    console.error("a project's object did not answer", error);
    throw new Problem("unavailable", "The project's store did not answer; the request may be tried again.", {
      retry_after_s: RETRY_AFTER_S,
    });
  }
}

/** Asks the object of a project's first shard, with a bound on time. @throws Problem `unavailable` */
export async function callStream<T>(
  env: Pick<Env, "STREAM">,
  project_id: string,
  timeout_ms: number,
  call: (stream: ProjectStreamRpc) => Promise<T>,
): Promise<T> {
  return tryTwice(() => withTimeout(call(streamOf(env, project_id)), timeout_ms));
}
