/** Numbers as people read them: short in sight, with their unit. */
const WHOLE = new Intl.NumberFormat("en-US");
const SHORT = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });
const SIGNIFICANT = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 4 });

/** `1,204`. */
export function count(value: number): string {
  return WHOLE.format(value);
}

/** `1.2K`, `3.4M`: where there is little room; the exact one belongs into a title. */
export function shortCount(value: number): string {
  return Math.abs(value) < 10_000 ? WHOLE.format(Math.round(value * 10) / 10) : SHORT.format(value);
}

/** Any number of an answer: whole ones exactly, others with four digits that count. */
export function figure(value: number): string {
  if (Number.isInteger(value)) return Math.abs(value) < 1e15 ? WHOLE.format(value) : String(value);
  return Math.abs(value) >= 1_000 ? WHOLE.format(Math.round(value * 10) / 10) : SIGNIFICANT.format(value);
}

/** `38 ms`, `1.2 s`, `3 min 4 s`. */
export function duration(value_ms: number): string {
  if (value_ms < 1) return `${Math.round(value_ms * 1_000)} µs`;
  if (value_ms < 1_000) return `${Math.round(value_ms)} ms`;
  if (value_ms < 60_000) return `${(value_ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(value_ms / 1_000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
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

/** `$0.000002`, `$1.20`: as many digits as it takes to see something. */
export function dollars(value: number): string {
  if (value === 0) return "$0";
  const digits = value >= 0.01 ? 2 : Math.min(9, Math.ceil(-Math.log10(value)) + 1);
  return `$${value.toFixed(digits)}`;
}

/** `4.2 %`; `under 0.1 %` of what is something after all. */
export function percent(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 0.1) return "under 0.1 %";
  return `${value >= 10 || value === 0 ? Math.round(value) : value.toFixed(1)} %`;
}

/** `1 line`, `3 lines`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}
