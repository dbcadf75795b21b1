/** Numbers and times as people read them: short in sight, exact on hover. */

const pad = (value: number, digits = 2): string => String(value).padStart(digits, "0");

/** `14:03:12.481` in the reader's zone, with the day before it where it is not today. */
export function clockTime(timestamp: string, now = new Date()): string {
  const at = new Date(timestamp);
  const clock = `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}.${pad(at.getMilliseconds(), 3)}`;
  if (at.toDateString() === now.toDateString()) return clock;
  const day = `${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
  return at.getFullYear() === now.getFullYear() ? `${day} ${clock}` : `${at.getFullYear()}-${day} ${clock}`;
}

/** `14:03` or `11-20 14:03`, for the ends of an axis. */
export function axisTime(at: Date, range_ms: number): string {
  const clock = `${pad(at.getHours())}:${pad(at.getMinutes())}${range_ms < 600_000 ? `:${pad(at.getSeconds())}` : ""}`;
  return range_ms < 86_400_000 ? clock : `${pad(at.getMonth() + 1)}-${pad(at.getDate())} ${clock}`;
}

/** The reader's zone as an offset: `UTC+2`, `UTC−3:30`. */
export function zoneName(at = new Date()): string {
  const minutes = -at.getTimezoneOffset();
  const rest = Math.abs(minutes) % 60;
  const hours = Math.floor(Math.abs(minutes) / 60);
  return minutes === 0 ? "UTC" : `UTC${minutes < 0 ? "−" : "+"}${hours}${rest === 0 ? "" : `:${pad(rest)}`}`;
}

/** `1,204`. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** `38 ms`, `1.2 s`. */
export function duration(value_ms: number): string {
  return value_ms < 1_000 ? `${Math.round(value_ms)} ms` : `${(value_ms / 1_000).toFixed(1)} s`;
}

/** `0 B`, `812 KB`, `1.1 MB` in powers of 1,000. */
export function bytes(value: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let unit = 0;
  let rest = value;
  while (rest >= 1_000 && unit < units.length - 1) {
    rest /= 1_000;
    unit++;
  }
  return `${unit === 0 || rest >= 100 ? Math.round(rest) : rest.toFixed(1)} ${units[unit]}`;
}
