import { utf8Text } from "../batch/utf8.ts";
import { parseExactJson } from "../normalize/flatten.ts";
import { skipBlank, skipBroken } from "./json-skip.ts";
import { RecordError } from "./records.ts";
import { DecodeFailure } from "./types.ts";

const OPEN_OBJECT = 0x7b;
const OPEN_ARRAY = 0x5b;

export type JsonObject = Readonly<Record<string, unknown>>;

/** A body that is one JSON value. @throws DecodeFailure */
export function parseBody(body: Uint8Array): unknown {
  try {
    return parseExactJson(utf8Text(body));
  } catch (error) {
    throw new DecodeFailure(body.every((byte) => byte <= 0x20) ? "empty" : "syntax", `not valid JSON: ${(error as Error).message}`);
  }
}

/** A record that is one JSON value. @throws RecordError */
export function parseRecord(raw: Uint8Array): unknown {
  try {
    return parseExactJson(utf8Text(raw));
  } catch (error) {
    throw new RecordError(`not valid JSON: ${(error as Error).message}`);
  }
}

/** Whether parsed JSON is an object, not an array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @param what the thing is called, for the error @throws RecordError */
export function objectOf(value: unknown, what: string, field = ""): JsonObject {
  if (!isObject(value)) throw new RecordError(`${what} must be a JSON object`, field, value);
  return value;
}

/**
 * Objects (or arrays) written one after another, with or without white space or commas between them, as parts of the body. What is between them and
 * neither, up to the next one, is a part too.
 */
export function* concatenatedJson(body: Uint8Array): Generator<Uint8Array> {
  let at = skipBlank(body, 0, body.length);
  while (at < body.length) {
    const begins = body[at] === OPEN_OBJECT || body[at] === OPEN_ARRAY;
    const balanced = begins ? skipBroken(body, at, body.length) : 0;
    let end = balanced > at ? balanced : at + 1;
    if (balanced <= at) while (end < body.length && body[end] !== OPEN_OBJECT) end++;
    if (!(end - at === 1 && body[at] === 0x2c)) yield body.subarray(at, end);
    at = skipBlank(body, end, body.length);
  }
}

const COMMA = 0x2c;
const CLOSE_ARRAY = 0x5d;

/** The objects of a body that is one, an array of them, or many one after another, as parts of it; what is none of them is a part too. */
export function* objectsOf(body: Uint8Array): Generator<Uint8Array> {
  const start = skipBlank(body, 0, body.length);
  const in_array = body[start] === OPEN_ARRAY;
  for (let at = in_array ? skipBlank(body, start + 1, body.length) : start; at < body.length; at = skipBlank(body, at, body.length)) {
    if (body[at] === COMMA || (in_array && body[at] === CLOSE_ARRAY)) {
      at++;
      continue;
    }
    const balanced = body[at] === OPEN_OBJECT ? skipBroken(body, at, body.length) : 0;
    let end = balanced;
    if (balanced <= at) for (end = at + 1; end < body.length && !(body[end] === OPEN_OBJECT && isAfterBreak(body, end)); ) end++;
    yield body.subarray(at, end);
    at = end;
  }
}

/** Whether an object may begin here after a broken one: at the beginning of a line, or behind `},`. */
function isAfterBreak(body: Uint8Array, at: number): boolean {
  let before = at - 1;
  while (before > 0 && (body[before] === 0x20 || body[before] === 0x09)) before--;
  return body[before] === 0x0a || body[before] === COMMA;
}
