import { type Bucket, bucketStart_us, parseZone_us } from "../../bucket.ts";
import { numberVector, type PlainVector, type Scalar, textVector } from "../vector.ts";
import { type CivilDate, civilDate, DAY_US, daysTo } from "./calendar.ts";
import { type Argument, converted, type ExpressionFunction, type Parameter, resultLength, scalar, withStride } from "./function.ts";
import { formatTime } from "./time-format.ts";

const TIME: Parameter = { name: "time", type: "time" };
const ZONE: Parameter = {
  name: "zone",
  type: "text",
  optional: true,
  constant: (value) => (typeof value === "string" && parseZone_us(value) !== null ? null : 'an offset from UTC such as "+02:00"'),
};

const UNITS_US: Readonly<Record<string, number>> = {
  microsecond: 1,
  millisecond: 1_000,
  second: 1_000_000,
  minute: 60_000_000,
  hour: 3_600_000_000,
  day: DAY_US,
  week: 7 * DAY_US,
};
const MONTHS: Readonly<Record<string, number>> = { month: 1, quarter: 3, year: 12 };
export const TIME_UNITS: readonly string[] = [...Object.keys(UNITS_US), ...Object.keys(MONTHS)];

const UNIT: Parameter = {
  name: "unit",
  type: "text",
  constant: (value) =>
    typeof value === "string" && TIME_UNITS.includes(value.toLowerCase()) ? null : `one of the units ${TIME_UNITS.join(", ")} in quotes`,
};

function zoneOf(argument: Argument | undefined): number {
  return argument ? (parseZone_us(String(argument.vector.values[0])) ?? 0) : 0;
}

/** Calls `of` with each time that is one; a run of equal times costs one call. */
function eachTime(args: readonly Argument[], index: number, length: number, of: (time_us: number) => number): PlainVector {
  const { values: times, stride } = converted(args[index]!, "time");
  const values = new Float64Array(resultLength(args, length));
  let last = Number.NaN;
  let result = Number.NaN;
  for (let row = 0; row < values.length; row++) {
    const time_us = times[row * stride] as number;
    if (time_us !== last) {
      last = time_us;
      result = Number.isNaN(time_us) ? Number.NaN : of(time_us);
    }
    values[row] = result;
  }
  return withStride(numberVector(values), args);
}

const date: CivilDate = { year: 0, month: 0, day: 0 };

function truncate_us(time_us: number, unit: string, zone_us: number): number {
  const months = MONTHS[unit];
  if (months === undefined) return bucketStart_us(time_us, { size_us: UNITS_US[unit]!, zone_us });
  const { year, month } = civilDate(Math.floor((time_us + zone_us) / DAY_US), date);
  return daysTo(year, month - ((month - 1) % months), 1) * DAY_US - zone_us;
}

/** Borders of the unit that lie between two times, as SQL's date_diff counts. */
function bordersBetween(from_us: number, to_us: number, unit: string): number {
  const months = MONTHS[unit];
  if (months === undefined) {
    const size_us = UNITS_US[unit]!;
    return Math.round((truncate_us(to_us, unit, 0) - truncate_us(from_us, unit, 0)) / size_us);
  }
  const count = (time_us: number) => {
    const { year, month } = civilDate(Math.floor(time_us / DAY_US), date);
    return Math.floor((year * 12 + month - 1) / months);
  };
  return count(to_us) - count(from_us);
}

function part(
  doc: string,
  example: ExpressionFunction["example"],
  of: (local_us: number) => number,
  aliases?: string[],
): ExpressionFunction {
  return {
    aliases,
    parameters: [TIME, ZONE],
    result: "number",
    doc,
    example,
    run(args, length) {
      const zone_us = zoneOf(args[1]);
      return eachTime(args, 0, length, (time_us) => of(time_us + zone_us));
    },
  };
}

function dayOf(local_us: number): number {
  return Math.floor(local_us / DAY_US);
}

function within(local_us: number, size_us: number, unit_us: number): number {
  return Math.floor((local_us - Math.floor(local_us / size_us) * size_us) / unit_us);
}

function dateOf(local_us: number): CivilDate {
  return civilDate(dayOf(local_us), date);
}

const EXAMPLE = '"2026-03-02T10:04:05.5Z"';

export const TIMES: Readonly<Record<string, ExpressionFunction>> = {
  to_time: {
    aliases: ["to_timestamp", "time"],
    parameters: [{ name: "value", type: "time" }],
    result: "time",
    doc: "The time that a text (RFC 3339) or a number (seconds, milliseconds, microseconds or nanoseconds since 1970, by its size) means.",
    example: ['to_time("2026-03-02T10:04:05+01:00")', "2026-03-02T09:04:05.000000Z"],
    run: (args) => converted(args[0]!, "time"),
  },
  bucket: {
    aliases: ["time_bucket"],
    parameters: [
      TIME,
      {
        name: "size",
        type: "number",
        constant: (value) => (typeof value === "number" && value * 1e6 >= 1 ? null : "a duration such as 5m"),
      },
      ZONE,
    ],
    result: "time",
    doc: "The beginning of the piece of this size in which a time lies, as `bucket` in `stats` cuts it.",
    example: [`bucket(${EXAMPLE}, 5m)`, "2026-03-02T10:00:00.000000Z"],
    run(args, length) {
      const size_us = Math.round((args[1]!.vector.values[0] as number) * 1e6);
      const bucket: Bucket = { size_us, zone_us: zoneOf(args[2]) };
      return eachTime(args, 0, length, (time_us) => bucketStart_us(time_us, bucket));
    },
  },
  date_trunc: {
    parameters: [UNIT, TIME, ZONE],
    result: "time",
    doc: "The beginning of the second, minute, hour, day, week (Monday), month, quarter or year in which a time lies.",
    example: [`date_trunc("hour", ${EXAMPLE})`, "2026-03-02T10:00:00.000000Z"],
    run(args, length) {
      const unit = String(args[0]!.vector.values[0]).toLowerCase();
      const zone_us = zoneOf(args[2]);
      return eachTime(args, 1, length, (time_us) => truncate_us(time_us, unit, zone_us));
    },
  },
  date_diff: {
    aliases: ["datediff"],
    parameters: [UNIT, { name: "from", type: "time" }, { name: "to", type: "time" }],
    result: "number",
    doc: "How many borders of the unit lie between two times. (`b - a` is the difference in seconds.)",
    example: ['date_diff("day", "2026-03-01T23:00:00Z", "2026-03-02T01:00:00Z")', 1],
    run(args, length) {
      const unit = String(args[0]!.vector.values[0]).toLowerCase();
      const from = converted(args[1]!, "time");
      const to = converted(args[2]!, "time");
      const values = new Float64Array(resultLength(args, length));
      for (let row = 0; row < values.length; row++) {
        const from_us = from.values[row * from.stride] as number;
        const to_us = to.values[row * to.stride] as number;
        values[row] = Number.isNaN(from_us + to_us) ? Number.NaN : bordersBetween(from_us, to_us, unit);
      }
      return withStride(numberVector(values), args);
    },
  },
  format_time: {
    aliases: ["strftime"],
    parameters: [TIME, { name: "format", type: "text" }, ZONE],
    result: "text",
    doc: "The time as text: `%Y %m %d %H %M %S`, `%L` (milliseconds), `%f` (microseconds), `%y %B %b %A %a %j %e %I %p %s %z %F %T %%`.",
    example: [`format_time(${EXAMPLE}, "%d.%m.%Y %H:%M", "+01:00")`, "02.03.2026 11:04"],
    run(args, length) {
      const zone_us = zoneOf(args[2]);
      const times = converted(args[0]!, "time");
      const formats = converted(args[1]!, "text");
      const values = new Array<string | null>(resultLength(args, length));
      for (let row = 0; row < values.length; row++) {
        const time_us = times.values[row * times.stride] as number;
        const format = formats.values[row * formats.stride] as string | null;
        values[row] = Number.isNaN(time_us) || format === null ? null : formatTime(time_us, format, zone_us);
      }
      return withStride(textVector(values), args);
    },
  },
  year: part("Its year.", [`year(${EXAMPLE})`, 2026], (local_us) => dateOf(local_us).year),
  quarter: part("Its quarter, 1 to 4.", [`quarter(${EXAMPLE})`, 1], (local_us) => Math.ceil(dateOf(local_us).month / 3)),
  month: part("Its month, 1 to 12.", [`month(${EXAMPLE})`, 3], (local_us) => dateOf(local_us).month),
  week: part("Its ISO week, 1 to 53.", [`week(${EXAMPLE})`, 10], (local_us) => isoWeek(dayOf(local_us))),
  day: part("Its day of the month.", [`day(${EXAMPLE})`, 2], (local_us) => dateOf(local_us).day, ["dayofmonth"]),
  doy: part(
    "Its day of the year, from 1.",
    [`doy(${EXAMPLE})`, 61],
    (local_us) => dayOf(local_us) - daysTo(dateOf(local_us).year, 1, 1) + 1,
    ["dayofyear"],
  ),
  dow: part("Its day of the week, 0 (Sunday) to 6.", [`dow(${EXAMPLE})`, 1], (local_us) => (((dayOf(local_us) + 4) % 7) + 7) % 7, [
    "dayofweek",
  ]),
  hour: part("Its hour, 0 to 23.", [`hour(${EXAMPLE}, "+01:00")`, 11], (local_us) => within(local_us, DAY_US, 3_600_000_000)),
  minute: part("Its minute.", [`minute(${EXAMPLE})`, 4], (local_us) => within(local_us, 3_600_000_000, 60_000_000)),
  second: part("Its second, without a fraction.", [`second(${EXAMPLE})`, 5], (local_us) => within(local_us, 60_000_000, 1_000_000)),
  millisecond: part("Its milliseconds, 0 to 999.", [`millisecond(${EXAMPLE})`, 500], (local_us) => within(local_us, 1_000_000, 1_000)),
  epoch: scalar({
    parameters: [TIME],
    result: "number",
    doc: "Seconds since 1970, with their fraction.",
    example: [`epoch(${EXAMPLE})`, 1772445845.5],
    of: (time_us: number) => time_us / 1e6,
  }),
};

/** Weeks begin on Mondays; the first has the year's first Thursday. */
function isoWeek(day: number): number {
  const thursday = day - ((((day + 3) % 7) + 7) % 7) + 3;
  const { year } = civilDate(thursday, date);
  return Math.floor((thursday - daysTo(year, 1, 1)) / 7) + 1;
}

/** Whether a text names a unit of time. */
export function isTimeUnit(value: Scalar): boolean {
  return UNIT.constant!(value) === null;
}
