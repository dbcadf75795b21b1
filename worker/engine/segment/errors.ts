/** A frame's bytes are not a frame, are of an unknown version, or are damaged. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}

/** A segment's bytes are not a segment of Ledge, are of an unknown version, or are damaged. */
export class SegmentError extends Error {
  override readonly name = "SegmentError";
}

/** Thrown by the byte-level readers, which do not know what they are part of. */
export class DamageError extends Error {
  override readonly name = "DamageError";
}

/** What went wrong, as the error of the whole: a fault found deep inside speaks of the frame or segment it was found in. */
export function asDamage<E extends Error>(Kind: new (message: string, options?: ErrorOptions) => E, what: string, cause: unknown): E {
  if (cause instanceof Kind) return cause;
  return new Kind(`${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
}
