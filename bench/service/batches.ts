import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { type Truth, Week, type WeekOptions } from "../generate.ts";

/** Batches made beforehand and kept in a file, so that making them does not take part in what is measured. */
export class BatchFile {
  readonly path: string;
  readonly truth: Truth;
  readonly templates: number;
  private readonly offsets: number[] = [0];
  private readonly counts: number[] = [];
  private readonly descriptor: number;

  constructor(path: string, options: WeekOptions) {
    this.path = path;
    const week = new Week(options);
    const out = openSync(path, "w");
    for (const { bytes, events } of week.batches()) {
      writeSync(out, bytes);
      this.offsets.push(this.offsets.at(-1)! + bytes.length);
      this.counts.push(events);
    }
    closeSync(out);
    this.truth = week.truth;
    this.templates = week.templates;
    this.descriptor = openSync(path, "r");
  }

  /** The times of all events. */
  get range(): { from: string; to: string } {
    return { from: new Date(this.truth.ts_min_ms).toISOString(), to: new Date(this.truth.ts_max_ms + 1).toISOString() };
  }

  get length(): number {
    return this.counts.length;
  }

  events(index: number): number {
    return this.counts[index]!;
  }

  /** A batch into the caller's buffer where it fits, else into a new one. */
  read(index: number, buffer?: Buffer): Buffer {
    const size_bytes = this.offsets[index + 1]! - this.offsets[index]!;
    const target = buffer !== undefined && buffer.length >= size_bytes ? buffer.subarray(0, size_bytes) : Buffer.allocUnsafe(size_bytes);
    readSync(this.descriptor, target, 0, size_bytes, this.offsets[index]!);
    return target;
  }

  close(): void {
    closeSync(this.descriptor);
  }
}
