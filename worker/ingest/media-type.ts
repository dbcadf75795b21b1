import { Problem } from "../errors.ts";

export type BodyShape = "json" | "text";

const JSON_TYPE =
  /^(?:application|text)\/(?:[a-z0-9.-]+\+)?(?:json|x-json|ndjson|x-ndjson|jsonl|x-jsonl|jsonlines|x-jsonlines|json-lines|stream\+json)$/;
/** Types that clients send without meaning anything by them (the second is curl's default). */
const MEANINGLESS_TYPES = new Set(["", "application/x-www-form-urlencoded", "application/octet-stream"]);
const UTF8_CHARSETS = new Set(["utf-8", "utf8", "us-ascii", "ascii"]);
const SNIFFED_LENGTH = 4_096;
const SUPPORTED = ["application/json", "application/x-ndjson", "application/jsonl", "text/plain"];

function refuse(detail: string): never {
  throw new Problem("unsupported_media_type", detail, { supported: SUPPORTED, headers: { accept: SUPPORTED.join(", ") } });
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

/** Log lines may begin with a bracket, too: only `{"`, `{}`, `[{` and `[]` begin JSON. */
function sniff(body: Uint8Array): BodyShape {
  const head = body.subarray(0, SNIFFED_LENGTH);
  if (head.includes(0)) refuse("The body is binary and its content type says nothing of its form.");
  const marks: string[] = [];
  for (const byte of head) {
    if (isSpace(byte)) continue;
    marks.push(String.fromCharCode(byte));
    if (marks.length === 2) break;
  }
  return ['{"', "{}", "[{", "[]"].includes(marks.join("")) ? "json" : "text";
}

/**
 * Whether a body is JSON (an object, an array, lines of objects) or lines of text, by its content type or, where that says nothing, by its first bytes.
 * @throws Problem `unsupported_media_type`
 */
export function bodyShape(content_type: string | null, body: Uint8Array): BodyShape {
  const [essence = "", ...parameters] = (content_type ?? "").toLowerCase().split(";");
  const type = essence.trim();
  const charset = parameters.map((text) => /^\s*charset\s*=\s*"?([^"\s]+)"?\s*$/.exec(text)?.[1]).find((found) => found !== undefined);
  if (charset !== undefined && !UTF8_CHARSETS.has(charset)) refuse(`The charset "${charset.slice(0, 64)}" is not supported; send UTF-8.`);
  if (JSON_TYPE.test(type)) return "json";
  if (type === "text/plain") return "text";
  if (MEANINGLESS_TYPES.has(type)) return sniff(body);
  return refuse(`The content type "${type.slice(0, 128)}" is not supported.`);
}
