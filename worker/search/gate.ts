/** Lets a bounded number of tasks run at once, the others in the order in which they came. */
export class Gate {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(width: number) {
    this.#free = width;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resume) => this.#waiting.push(resume));
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}

/**
 * Works a queue off from its end; work may add to the queue. After a failure nothing new is begun.
 * @param widthAfter how much may be under way, at least 1, once so many were begun
 * @throws the first failure, when everything under way has ended
 */
export async function drain<T>(waiting: T[], widthAfter: (begun: number) => number, work: (item: T) => Promise<void>): Promise<void> {
  const running = new Set<Promise<void>>();
  let failure: { error: unknown } | null = null;
  let begun = 0;
  const start = (item: T) => {
    begun += 1;
    const run: Promise<void> = work(item)
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => running.delete(run));
    running.add(run);
  };
  for (;;) {
    while (!failure && waiting.length > 0 && running.size < widthAfter(begun)) start(waiting.pop()!);
    if (running.size === 0) break;
    await Promise.race(running);
  }
  if (failure) throw (failure as { error: unknown }).error;
}
