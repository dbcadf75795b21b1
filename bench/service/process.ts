/** What a process used, as Linux tells it; NaN elsewhere. */
import { readFileSync } from "node:fs";

const TICKS_PER_S = 100;

function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

function statusField_bytes(pid: number, name: string): number {
  const match = read(`/proc/${pid}/status`)?.match(new RegExp(`^${name}:\\s+(\\d+) kB`, "m"));
  return match ? Number(match[1]) * 1_024 : Number.NaN;
}

/** The most memory that it ever held, pages of files included. */
export function peakMemory_bytes(pid: number): number {
  return statusField_bytes(pid, "VmHWM");
}

/** Memory that it holds now, pages of files not included. */
export function ownMemory_bytes(pid: number): number {
  return statusField_bytes(pid, "RssAnon");
}

/** CPU time used so far, in all its threads. */
export function cpuTime_ms(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === null) return Number.NaN;
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / TICKS_PER_S;
}
