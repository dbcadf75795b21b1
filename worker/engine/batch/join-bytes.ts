/** Blobs joined into one. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  let size_bytes = 0;
  for (const part of parts) size_bytes += part.length;
  const joined = new Uint8Array(size_bytes);
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
