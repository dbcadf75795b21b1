/** The engine's one view of stored bytes: an R2 object, a file, a buffer in a test that counts reads. */
export interface ByteSource {
  size_bytes: number;
  /** Exactly `length` bytes from `offset`; rejects where they are not there. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /**
   * Several ranges at once, each as `read`, in their order. A source that keeps ranges offers it, so that it can keep each on its own and fetch
   * neighbours that it lacks in one go; the engine asks for the same ranges again and again. Without it near ranges are read as one.
   */
  readMany?(ranges: readonly { offset: number; size_bytes: number }[]): Promise<Uint8Array[]>;
}
