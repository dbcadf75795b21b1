import type { Scalar } from "../vector.ts";
import { type ExpressionFunction, scalar } from "./function.ts";

/** 16 bytes; version 4 is written as the version 6 form `::ffff:a.b.c.d`. */
type Address = Uint8Array;

const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;
const MAPPED_BITS = 96;

function parseV4(text: string): number[] | null {
  const match = IPV4.exec(text);
  if (!match) return null;
  const bytes = match.slice(1).map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : null;
}

/** Null for what is no address; a zone (`%eth0`) does not count. */
export function parseAddress(text: string): Address | null {
  const v4 = parseV4(text);
  if (v4) return Uint8Array.from([...new Array<number>(10).fill(0), 0xff, 0xff, ...v4]);
  return text.includes(":") && text.length <= 64 ? parseV6(text.replace(/%.*$/, "")) : null;
}

function parseV6(text: string): Address | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const head = bytesOf(halves[0]!);
  const tail = halves.length === 2 ? bytesOf(halves[1]!) : [];
  if (!head || !tail) return null;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 2 ? missing < 2 : missing !== 0) return null;
  return Uint8Array.from([...head, ...new Array<number>(missing).fill(0), ...tail]);
}

function bytesOf(text: string): number[] | null {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [index, group] of groups.entries()) {
    const v4 = index === groups.length - 1 ? parseV4(group) : null;
    if (v4) bytes.push(...v4);
    else if (/^[0-9a-fA-F]{1,4}$/.test(group)) bytes.push(Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff);
    else return null;
  }
  return bytes;
}

interface Network {
  address: Address;
  bits: number;
}

/** `10.0.0.0/8`, `2001:db8::/32`, or one address. */
function parseNetwork(text: string): Network | null {
  const [written = "", size, more] = text.split("/");
  const address = parseAddress(written);
  if (!address || more !== undefined) return null;
  const v4 = !written.includes(":");
  const bits = size === undefined ? (v4 ? 32 : 128) : /^\d{1,3}$/.test(size) ? Number(size) : Number.NaN;
  return bits <= (v4 ? 32 : 128) ? { address, bits: v4 ? bits + MAPPED_BITS : bits } : null;
}

const networks = new Map<string, Network>();
const NETWORKS_KEPT_MAX = 64;

function networkOf(text: string): Network | null {
  const known = networks.get(text);
  if (known) return known;
  const network = parseNetwork(text);
  if (network && networks.size >= NETWORKS_KEPT_MAX) networks.clear();
  if (network) networks.set(text, network);
  return network;
}

function isWithin(address: Address, network: Network): boolean {
  const whole = network.bits >> 3;
  for (let index = 0; index < whole; index++) if (address[index] !== network.address[index]) return false;
  const rest = network.bits & 7;
  return rest === 0 || (address[whole]! ^ network.address[whole]!) >> (8 - rest) === 0;
}

function isNetwork(value: Scalar): string | null {
  return typeof value === "string" && parseNetwork(value) ? null : 'a network such as "10.0.0.0/8"';
}

export const NETWORK: Readonly<Record<string, ExpressionFunction>> = {
  in_cidr: scalar({
    parameters: [
      { name: "ip", type: "text" },
      { name: "network", type: "text", constant: isNetwork },
    ],
    result: "bool",
    doc: "Whether an address (version 4 or 6) lies in a network; null where the text is no address.",
    example: ['in_cidr("10.1.2.3", "10.0.0.0/8")', true],
    of(text: string, cidr: string): boolean | null {
      const address = parseAddress(text);
      const network = networkOf(cidr);
      return address && network && isWithin(address, network);
    },
  }),
};
