/**
 * Where the frames of a zstd stream begin and end (RFC 8878, section 3.1), without decoding them.
 * node:zlib decodes only the first of several frames and says nothing of the others; agents that append to a compressed buffer send several.
 */
const FRAME_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const SKIPPABLE_MASK = 0xfffffff0;
const BLOCK_TYPE_RLE = 1;
const BLOCK_TYPE_RESERVED = 3;
const CHECKSUM_SIZE_BYTES = 4;

export class ZstdFrameError extends Error {}

/** Length of magic number and frame header. */
function headerLength(view: DataView, start: number): number {
  const descriptor = view.getUint8(start + 4);
  const is_single_segment = (descriptor & 0x20) !== 0;
  const content_size_length = [is_single_segment ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  const dictionary_id_length = [0, 1, 2, 4][descriptor & 3]!;
  return 5 + (is_single_segment ? 0 : 1) + dictionary_id_length + content_size_length;
}

function frameEnd(view: DataView, start: number): number {
  let position = start + headerLength(view, start);
  for (;;) {
    const header = view.getUint8(position) | (view.getUint8(position + 1) << 8) | (view.getUint8(position + 2) << 16);
    const type = (header >> 1) & 3;
    if (type === BLOCK_TYPE_RESERVED) throw new ZstdFrameError("a block has a reserved type");
    position += 3 + (type === BLOCK_TYPE_RLE ? 1 : header >> 3);
    if (header & 1) break;
  }
  return (view.getUint8(start + 4) & 4) !== 0 ? position + CHECKSUM_SIZE_BYTES : position;
}

/**
 * The frames of a stream, in order; skippable ones are left out.
 * @throws ZstdFrameError where the bytes are not whole frames or there are more than `frames_max`
 */
export function splitZstdFrames(bytes: Uint8Array, frames_max: number): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const frames: Uint8Array[] = [];
  let start = 0;
  try {
    while (start < bytes.length) {
      const magic = view.getUint32(start, true);
      const is_skippable = (magic & SKIPPABLE_MASK) >>> 0 === SKIPPABLE_MAGIC;
      if (!is_skippable && magic !== FRAME_MAGIC) throw new ZstdFrameError("no frame begins where one should");
      const end = is_skippable ? start + 8 + view.getUint32(start + 4, true) : frameEnd(view, start);
      if (end > bytes.length) throw new ZstdFrameError("the last frame is cut off");
      if (!is_skippable) frames.push(bytes.subarray(start, end));
      if (frames.length > frames_max) throw new ZstdFrameError(`there are more than ${frames_max} frames`);
      start = end;
    }
  } catch (error) {
    if (error instanceof RangeError) throw new ZstdFrameError("the last frame is cut off");
    throw error;
  }
  return frames;
}
