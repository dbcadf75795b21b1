/** The engine's one view of stored bytes: an R2 object, a file, a buffer in a test that counts reads. */
export interface ByteSource {
  size_bytes: number;
  /** Exactly `length` bytes from `offset`; rejects where they are not there. */
  read(offset: number, length: number): Promise<Uint8Array>;
}
