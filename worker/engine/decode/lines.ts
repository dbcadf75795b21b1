const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** The lines of a body (LF or CRLF) that hold more than white space, as parts of it. */
export function* linesOf(body: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < body.length; ) {
    const newline = body.indexOf(NEWLINE, start);
    const stop = newline < 0 ? body.length : newline;
    const end = stop > start && body[stop - 1] === CARRIAGE_RETURN ? stop - 1 : stop;
    const line = body.subarray(start, end);
    if (line.some((byte) => byte > 0x20)) yield line;
    start = stop + 1;
  }
}
