/** Opens segments for a search. What an open segment knows (footer, index, filters) is kept between searches; its bytes are not tied to it. */
import type { ByteSource } from "../engine/batch/byte-source.ts";
import { openSegment, type Segment } from "../engine/segment/read.ts";
import type { SegmentRow } from "../engine/segment/segment-row.ts";
import type { SearchContext } from "./context.ts";
import { objectSource } from "./objects.ts";

/** @throws ObjectMissing where it was replaced and removed meanwhile */
export async function openStoredSegment(context: SearchContext, row: SegmentRow): Promise<Segment> {
  const source: ByteSource = objectSource(context, row.object_key, row.size_bytes);
  return openSegment(source, row.tail_size_bytes);
}
