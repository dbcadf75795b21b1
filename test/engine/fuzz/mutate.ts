/** Bytes and texts made wrong in the ways that storage, networks and people do. */
import { Buffer } from "node:buffer";
import type { Chance } from "./chance.ts";

const WORDS = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff, 40_960, 65_536];
/** The longest varints, and some that stand for sizes of gigabytes. */
const VARINTS = [
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0x80, 0x80, 0x80, 0x80, 0x04],
  [0x80, 0x80, 0x80, 0x80, 0x00],
];

/** Some changed bytes, always at least one. @param other to take pieces of */
export function mutateBytes(bytes: Uint8Array, other: Uint8Array, chance: Chance): Uint8Array {
  let result: Uint8Array = new Uint8Array(bytes);
  for (let changes = chance.oneIn(3) ? 1 + chance.below(8) : 1; changes > 0; changes--) result = mutateOnce(result, other, chance);
  return result;
}

/** The ends of what is stored say where everything is: they are changed as often as all the rest. */
function place(length: number, chance: Chance): number {
  const near = Math.min(length, 400);
  if (chance.oneIn(2)) return chance.below(length);
  return chance.oneIn(2) ? chance.below(near) : length - 1 - chance.below(near);
}

function mutateOnce(bytes: Uint8Array, other: Uint8Array, chance: Chance): Uint8Array {
  if (bytes.length === 0) return other.slice(0, 1 + chance.below(20));
  const at = place(bytes.length, chance);
  switch (chance.below(9)) {
    case 0:
      bytes[at] = bytes[at]! ^ (1 << chance.below(8));
      return bytes;
    case 1:
      bytes[at] = chance.below(256);
      return bytes;
    case 2: {
      const word = Buffer.alloc(4);
      word.writeUInt32LE(chance.pick(WORDS));
      bytes.set(word.subarray(0, bytes.length - at), at);
      return bytes;
    }
    case 3: {
      const varint = Uint8Array.from(chance.pick(VARINTS));
      if (chance.oneIn(2)) return Buffer.concat([bytes.subarray(0, at), varint, bytes.subarray(at + 1)]);
      bytes.set(varint.subarray(0, bytes.length - at), at);
      return bytes;
    }
    case 4:
      return bytes.slice(0, at);
    case 5:
      return bytes.slice(at);
    case 6: {
      const end = Math.min(bytes.length, at + 1 + chance.below(64));
      return chance.oneIn(2)
        ? Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)])
        : Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
    }
    case 7: {
      if (other.length === 0) return bytes.subarray(0, at);
      const from = place(other.length, chance);
      const size = 1 + chance.below(chance.oneIn(2) ? 16 : 2_000);
      const piece = other.subarray(from, from + size);
      return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(Math.min(bytes.length, at + piece.length))]);
    }
    default: {
      const noise = Uint8Array.from({ length: 1 + chance.below(32) }, () => chance.below(256));
      bytes.set(noise.subarray(0, bytes.length - at), at);
      return bytes;
    }
  }
}

/** A text with pieces taken out, doubled, put in or exchanged. @param tokens what the language is made of */
export function mutateText(text: string, tokens: readonly string[], chance: Chance): string {
  let result = text;
  for (let changes = 1 + chance.below(4); changes > 0; changes--) {
    const at = chance.below(result.length + 1);
    const end = Math.min(result.length, at + chance.below(6));
    switch (chance.below(5)) {
      case 0:
        result = result.slice(0, at) + result.slice(end);
        break;
      case 1:
        result = result.slice(0, at) + chance.pick(tokens) + result.slice(at);
        break;
      case 2:
        result = result.slice(0, at) + String.fromCharCode(chance.below(chance.oneIn(2) ? 128 : 65_536)) + result.slice(end);
        break;
      case 3:
        result = result.slice(0, end) + result.slice(at);
        break;
      default:
        result = result.slice(0, at) + chance.pick(tokens) + result.slice(end);
    }
  }
  return result;
}

/** Tokens one after another, with or without spaces. */
export function soup(tokens: readonly string[], chance: Chance): string {
  return Array.from({ length: 1 + chance.below(14) }, () => chance.pick(tokens) + (chance.oneIn(2) ? " " : "")).join("");
}
