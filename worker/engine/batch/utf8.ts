/** A byte order mark inside of a text is a character like any other. */
const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
const encoder = new TextEncoder();

/** The text of UTF-8 bytes; what is no UTF-8 becomes U+FFFD. */
export function utf8Text(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** UTF-8 bytes of a text; lone surrogates become U+FFFD. */
export function utf8Bytes(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text) as Uint8Array<ArrayBuffer>;
}

/** The last character boundary of the valid UTF-8 text at or before `start + size_bytes`. */
export function utf8Boundary(bytes: Uint8Array, start: number, size_bytes: number): number {
  let end = start + size_bytes;
  while (end > start && (bytes[end]! & 0xc0) === 0x80) end--;
  return end;
}
