/** `bucket(5m)`, `bucket(1d, "+02:00")`: time cut into equal pieces. */
export interface Bucket {
  size_us: number;
  /** East of UTC: days and weeks begin at midnight there. */
  zone_us: number;
}

const MONDAY_US = 4 * 86_400_000_000;
const WEEK_US = 7 * 86_400_000_000;

/** Start of the piece in which a time lies. Pieces are counted from the epoch in the zone; whole weeks begin on Mondays. */
export function bucketStart_us(time_us: number, { size_us, zone_us }: Bucket): number {
  const origin_us = (size_us % WEEK_US === 0 ? MONDAY_US : 0) - zone_us;
  return Math.floor((time_us - origin_us) / size_us) * size_us + origin_us;
}

const ZONE = /^([+-])(\d\d):?(\d\d)$/;

/** Microseconds east of UTC of `+02:00` or `Z`; null for what is no offset. */
export function parseZone_us(text: string): number | null {
  if (text === "Z") return 0;
  const match = ZONE.exec(text);
  if (!match || Number(match[2]) > 23 || Number(match[3]) > 59) return null;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  return (match[1] === "-" ? -minutes : minutes) * 60_000_000;
}

export function formatZone_us(zone_us: number): string {
  const minutes = Math.abs(zone_us) / 60_000_000;
  const pad = (value: number) => String(value).padStart(2, "0");
  return `${zone_us < 0 ? "-" : "+"}${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`;
}
