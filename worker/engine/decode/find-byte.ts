/** The first place of the byte in `bytes[start .. end)`, -1 where it is not there. Unlike `indexOf` it never looks further, which in a large body would cost time for each line. */
export function findByte(bytes: Uint8Array, byte: number, start: number, end: number): number {
  for (let at = start; at < end; at++) if (bytes[at] === byte) return at;
  return -1;
}
