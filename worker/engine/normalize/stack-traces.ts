/**
 * Puts stack traces together again that an agent sent line by line: a line that goes on with one joins the event before it of the same service, host and
 * source. Shapes: Java and Kotlin, .NET, JavaScript, Python, Ruby, Go, PHP, Rust; any line that begins with white space goes on, too.
 */
import { MESSAGE_SIZE_BYTES_MAX, STACK_TRACE_GAP_MS_MAX, STACK_TRACE_LINES_MAX } from "../../limits.ts";
import type { Column, EventBatch } from "../batch/event-batch.ts";
import { cellAt } from "../batch/record.ts";
import { selectRows } from "../batch/select.ts";
import { utf8Bytes } from "../batch/utf8.ts";
import { fingerprint } from "../patterns/fingerprint.ts";

/** Lines that belong to the event before them, whatever it is. */
const GOES_ON =
  /^(?:\s+\S|Caused by: |Suppressed: |During handling of the above exception|The above exception was the direct cause|goroutine \d+ \[|created by \S|exit status \d|#\d+ |--- End of |stack backtrace:|note: run with `RUST_BACKTRACE)/;
/** What ends a Python traceback, behind its indented lines: the error itself. */
const PYTHON_ERROR = /^(?:[A-Za-z_][\w.]*(?:Error|Exception|Warning|Interrupt|Exit|Iteration|Fault|Timeout)|[A-Za-z_]\w*(?:\.\w+)+)(?::|$)/;
const PYTHON_TRACEBACK = /Traceback \(most recent call last\):$/;
/** What stands between the traceback of an error and that of its cause. */
const PYTHON_LINK = /^(?:During handling of the above exception|The above exception was the direct cause)/;
/** Go names the function without indent, and its file with. */
const GO_FRAME = /^[\w./*()[\]-]+\.[\w.()*[\]-]+\(.*\)$/;
const GO_PANIC = /^(?:panic: |fatal error: |goroutine \d+ \[)/;

interface Open {
  /** Row that the lines join. */
  row: number;
  lines: string[];
  size: number;
  last_us: number;
  is_python: boolean;
  is_go: boolean;
}

function goesOn(line: string, { lines, is_python, is_go }: Open): boolean {
  if (line.trim() === "") return lines.length > 1 || is_python || is_go;
  if (is_python && PYTHON_TRACEBACK.test(line)) return PYTHON_LINK.test(lines.findLast((said) => said.trim() !== "") ?? "");
  if (GOES_ON.test(line)) return true;
  if (is_go && GO_FRAME.test(line)) return true;
  return is_python && /^\s/.test(lines.at(-1)!) && PYTHON_ERROR.test(line);
}

/** Texts that tell streams of lines apart. */
function streamOf(batch: EventBatch, row: number): string {
  return ["service", "host", "source", "attributes.tag", "attributes.container_id", "attributes.filename", "attributes.process.pid"]
    .map((name) => cellText(batch.columns.get(name), row))
    .join("\n");
}

function cellText(column: Column | undefined, row: number): string {
  return column === undefined ? "" : String(cellAt(column, row) ?? "");
}

/**
 * @param batch in the order of arrival
 * @returns the batch itself where nothing was put together
 */
export function rejoinStackTraces(batch: EventBatch): EventBatch {
  const message = batch.columns.get("message");
  if (message === undefined) return batch;
  const open = new Map<string, Open>();
  const joined = new Map<number, string[]>();
  const kept: number[] = [];
  for (let row = 0; row < batch.rows; row++) {
    const line = cellText(message, row);
    const stream = streamOf(batch, row);
    const before = open.get(stream);
    // A line without a time of its own has that of its arrival, which tells nothing.
    const has_time = batch.timestamp_us[row] !== batch.ingest_us[row];
    const time_us = has_time || !before ? batch.timestamp_us[row]! : before.last_us;
    if (before && mayJoin(before, line, time_us)) {
      before.lines.push(line);
      before.size += line.length + 1;
      before.last_us = time_us;
      before.is_python ||= PYTHON_TRACEBACK.test(line);
      before.is_go ||= GO_PANIC.test(line);
      joined.set(before.row, before.lines);
      continue;
    }
    kept.push(row);
    const last_us = batch.timestamp_us[row]!;
    open.set(stream, {
      row,
      lines: [line],
      size: line.length,
      last_us,
      is_python: PYTHON_TRACEBACK.test(line),
      is_go: GO_PANIC.test(line),
    });
  }
  return joined.size === 0 ? batch : withMessages(batch, kept, message, joined);
}

function mayJoin(open: Open, line: string, time_us: number): boolean {
  if (open.lines.length >= STACK_TRACE_LINES_MAX || (open.size + line.length) * 3 > MESSAGE_SIZE_BYTES_MAX) return false;
  if (Math.abs(time_us - open.last_us) > STACK_TRACE_GAP_MS_MAX * 1_000) return false;
  return goesOn(line, open);
}

function withMessages(batch: EventBatch, kept: readonly number[], message: Column, joined: ReadonlyMap<number, string[]>): EventBatch {
  const selected = selectRows(batch, Uint32Array.from(kept));
  const parts = kept.map((row) => {
    const lines = joined.get(row);
    const text = lines ? lines.join("\n") : cellAt(message, row);
    return text === null ? null : utf8Bytes(String(text));
  });
  const offsets = new Uint32Array(kept.length + 1);
  for (const [index, part] of parts.entries()) offsets[index + 1] = offsets[index]! + (part?.length ?? 0);
  const bytes = new Uint8Array(offsets[kept.length]!);
  for (const [index, part] of parts.entries()) if (part) bytes.set(part, offsets[index]);
  const present = parts.some((part) => part === null) ? Uint8Array.from(parts, (part) => (part === null ? 0 : 1)) : null;
  const columns = new Map(selected.columns).set("message", { kind: "bytes", offsets, bytes, present });
  const prints = columns.get("fingerprint");
  if (prints?.kind === "int64") {
    const values = prints.values.slice();
    for (const [index, row] of kept.entries())
      if (joined.has(row)) values[index] = fingerprint(bytes, offsets[index]!, offsets[index + 1]!);
    columns.set("fingerprint", { ...prints, values });
  }
  return { ...selected, columns };
}
