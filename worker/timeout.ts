/** Thrown by `withTimeout`. */
export class TimeoutError extends Error {
  constructor(timeout_ms: number) {
    super(`no answer within ${timeout_ms} ms`);
    this.name = "TimeoutError";
  }
}

/** What `promise` gives, or a TimeoutError. The work behind the promise goes on; a late failure of it is nobody's unhandled rejection. */
export async function withTimeout<T>(promise: Promise<T>, timeout_ms: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimeoutError(timeout_ms)), timeout_ms);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
