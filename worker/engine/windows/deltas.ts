/** What frames counted, for many metrics: the form in which it travels to the monitor, and in which the monitor keeps it. */
import { ByteReader, ByteSink } from "../segment/bytes.ts";

export interface MetricDelta {
  metric_id: number;
  /** Events that are in the panes, and those that came too late for theirs. */
  events: number;
  late: number;
  /** Ascending. */
  panes: Pane[];
}

/** The packed state of one pane of time (`SeriesState`). */
export interface Pane {
  from_us: number;
  bytes: Uint8Array;
}

/** What the head of a metric and of a pane take at most. */
const HEAD_SIZE_BYTES_MAX = 40;

/** Times of panes are whole milliseconds: a step is at least METRIC_STEP_MS_MIN. */
export function packDeltas(deltas: readonly MetricDelta[]): Uint8Array {
  const sink = new ByteSink(16 * 1024);
  for (const { metric_id, events, late, panes } of deltas) {
    sink.varint(metric_id);
    sink.varint(events);
    sink.varint(late);
    sink.varint(panes.length);
    let last_ms = 0;
    for (const { from_us, bytes } of panes) {
      const from_ms = from_us / 1000;
      sink.zigzag(from_ms - last_ms);
      sink.varint(bytes.length);
      sink.raw(bytes);
      last_ms = from_ms;
    }
  }
  return sink.copy();
}

/** Panes are views on the bytes. @throws DamageError */
export function unpackDeltas(bytes: Uint8Array): MetricDelta[] {
  const reader = new ByteReader(bytes);
  const deltas: MetricDelta[] = [];
  while (reader.at < reader.end) {
    const delta: MetricDelta = { metric_id: reader.varint(), events: reader.varint(), late: reader.varint(), panes: [] };
    const count = reader.varint();
    let from_ms = 0;
    for (let index = 0; index < count; index++) {
      from_ms += reader.zigzag();
      delta.panes.push({ from_us: from_ms * 1000, bytes: reader.raw(reader.varint()) });
    }
    deltas.push(delta);
  }
  return deltas;
}

export function deltaSize({ panes }: MetricDelta): number {
  return panes.reduce((sum, { bytes }) => sum + bytes.length + HEAD_SIZE_BYTES_MAX, HEAD_SIZE_BYTES_MAX);
}

/** The same deltas in groups of packed bytes up to a size (one pane at least); the counts of events go with a metric's first group. */
export function* splitDeltas(deltas: readonly MetricDelta[], size_bytes_max: number): Generator<MetricDelta[]> {
  let group: MetricDelta[] = [];
  let size_bytes = 0;
  for (const delta of deltas) {
    let open: MetricDelta = { ...delta, panes: [] };
    size_bytes += HEAD_SIZE_BYTES_MAX;
    group.push(open);
    for (const pane of delta.panes) {
      const pane_size_bytes = pane.bytes.length + HEAD_SIZE_BYTES_MAX;
      if (size_bytes + pane_size_bytes > size_bytes_max && size_bytes > HEAD_SIZE_BYTES_MAX) {
        yield group;
        open = { metric_id: delta.metric_id, events: 0, late: 0, panes: [] };
        group = [open];
        size_bytes = HEAD_SIZE_BYTES_MAX;
      }
      open.panes.push(pane);
      size_bytes += pane_size_bytes;
    }
  }
  if (group.length > 0) yield group;
}
