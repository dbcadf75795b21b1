/**
 * A block of history: the panes of all metrics of a project over a span of time, one object in R2. A head tells where each metric's panes are, so
 * that one metric is read without the others:
 * magic, length of the head, packed head, then for each metric its packed panes, deflated.
 */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { METRIC_BLOCK_SECTION_SIZE_BYTES_MAX } from "../../limits.ts";
import { ByteReader, ByteSink } from "../segment/bytes.ts";
import { DamageError } from "../segment/errors.ts";
import { type Pane, packDeltas, unpackDeltas } from "./deltas.ts";
import { pack, unpack } from "./pack.ts";

/** "LGM" and the version. */
const MAGIC = 0x014d474c;
const PREFIX_SIZE_BYTES = 8;

export interface BlockHead {
  /** Which monitor wrote it: numbers of metrics and rolls are its own. */
  life: number;
  /** The last roll that is in it. */
  roll: number;
  sections: Map<number, { offset: number; size_bytes: number }>;
}

interface PackedHead {
  life: number;
  roll: number;
  ids: Uint32Array;
  sizes: Uint32Array;
}

/** @param sections by metric, as `packSection` makes them */
export function writeBlock(life: number, roll: number, sections: ReadonlyMap<number, Uint8Array>): Uint8Array {
  const ordered = [...sections].sort(([left], [right]) => left - right);
  const ids = Uint32Array.from(ordered, ([metric_id]) => metric_id);
  const sizes = Uint32Array.from(ordered, ([, bytes]) => bytes.length);
  const head = pack({ life, roll, ids, sizes } satisfies PackedHead);
  const sink = new ByteSink(PREFIX_SIZE_BYTES + head.length + sizes.reduce((sum, size) => sum + size, 0));
  sink.u32(MAGIC);
  sink.u32(head.length);
  sink.raw(head);
  for (const [, bytes] of ordered) sink.raw(bytes);
  return sink.copy();
}

/**
 * @param bytes the beginning of a block
 * @returns how many bytes the head needs where these are too few
 * @throws DamageError
 */
export function readBlockHead(bytes: Uint8Array): BlockHead | { needed_size_bytes: number } {
  const reader = new ByteReader(bytes);
  if (reader.u32() !== MAGIC) throw new DamageError("not a block of history that is understood");
  const size_bytes = reader.u32();
  if (PREFIX_SIZE_BYTES + size_bytes > bytes.length) return { needed_size_bytes: PREFIX_SIZE_BYTES + size_bytes };
  const { life, roll, ids, sizes } = unpack(reader.raw(size_bytes)) as PackedHead;
  const sections: BlockHead["sections"] = new Map();
  let offset = PREFIX_SIZE_BYTES + size_bytes;
  for (const [index, metric_id] of ids.entries()) {
    sections.set(metric_id, { offset, size_bytes: sizes[index]! });
    offset += sizes[index]!;
  }
  return { life, roll, sections };
}

export function packSection(metric_id: number, panes: readonly Pane[]): Uint8Array {
  const bytes = deflateRawSync(packDeltas([{ metric_id, events: 0, late: 0, panes: [...panes] }]));
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** @throws DamageError */
export function unpackSection(bytes: Uint8Array): Pane[] {
  let whole: Uint8Array;
  try {
    whole = inflateRawSync(bytes, { maxOutputLength: METRIC_BLOCK_SECTION_SIZE_BYTES_MAX });
  } catch (cause) {
    throw new DamageError(`a section of history cannot be inflated: ${cause}`);
  }
  return unpackDeltas(whole).flatMap(({ panes }) => panes);
}
