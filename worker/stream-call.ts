import type { ProjectStreamRpc } from "../durable-objects/project-stream/types.ts";
import { SHARD_ZERO, streamOf } from "./catalog/stream.ts";
import type { Env } from "./env.ts";
import { Problem } from "./errors.ts";
import { withTimeout } from "./timeout.ts";

const RETRY_AFTER_S = 2;

function isRetryable(error: unknown): boolean {
  const fault = error as { retryable?: boolean; overloaded?: boolean } | null;
  return fault?.retryable === true && fault.overloaded !== true;
}

/**
 * Calls a project's object. A call that failed in a way that the platform marks as passing is made once more, with a new stub:
 * only calls that may be repeated belong here.
 * @throws Problem `unavailable`
 */
export async function callStream<T>(
  env: Pick<Env, "STREAM">,
  project_id: string,
  call: (stream: ProjectStreamRpc) => Promise<T>,
  options: { shard?: number; timeout_ms: number },
): Promise<T> {
  const shard = options.shard ?? SHARD_ZERO;
  const attempt = () => withTimeout(call(streamOf(env, project_id, shard)), options.timeout_ms);
  try {
    return await attempt().catch((error: unknown) => {
      if (isRetryable(error)) return attempt();
      throw error;
    });
  } catch (error) {
    console.error("project stream did not answer", project_id, shard, error);
    throw new Problem("unavailable", "The project's store did not answer; the request may be tried again.", {
      retry_after_s: RETRY_AFTER_S,
    });
  }
}
