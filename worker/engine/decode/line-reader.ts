import { BODY, type Path } from "../normalize/draft.ts";
import type { EventWriter } from "./event-writer.ts";
import { JsonScanner } from "./json-scanner.ts";
import { TextLineReader } from "./text-line.ts";
import type { DecodeContext } from "./types.ts";

const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Reads one line of a log into the writer's draft. The message is the whole line as it came, so that every word of it is found; time, level, pairs,
 * and the fields of access logs and syslog are taken from it beside that. A line that is a JSON object is read as an event of JSON.
 */
export class LineReader {
  readonly #writer: EventWriter;
  readonly #json: JsonScanner;
  readonly #line: TextLineReader;
  readonly #message: Path;

  constructor(writer: EventWriter, { host, service }: DecodeContext["defaults"]) {
    const { draft, time, levels } = writer;
    this.#writer = writer;
    this.#json = new JsonScanner(draft);
    this.#message = draft.pathNamed("message");
    this.#line = new TextLineReader(draft, time, levels, {
      host: host ? null : draft.pathNamed("host"),
      service: service ? null : draft.pathNamed("service"),
    });
  }

  /** Begins a draft with what `bytes[start .. end)` says. */
  begin(bytes: Uint8Array, start: number, end: number): void {
    const { draft } = this.#writer;
    draft.begin(bytes);
    if (this.#readJson(bytes, start, end)) return;
    draft.addBytes(this.#message, BODY, start, end);
    this.#line.read(bytes, start, end);
  }

  /** Reads the line as a JSON object; where it is none, the draft is empty again. */
  #readJson(bytes: Uint8Array, start: number, end: number): boolean {
    let from = start;
    let to = end;
    while (from < to && bytes[from]! <= 0x20) from++;
    while (to > from && bytes[to - 1]! <= 0x20) to--;
    if (to === from || bytes[from] !== OPEN_OBJECT || bytes[to - 1] !== CLOSE_OBJECT) return false;
    const { draft } = this.#writer;
    if (this.#json.scan(bytes, from, to) === to && draft.count > 0) return true;
    draft.begin(bytes);
    return false;
  }
}
