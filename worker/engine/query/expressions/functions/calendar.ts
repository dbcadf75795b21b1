/** Dates of the proleptic Gregorian calendar in UTC, without an object a date. */
export const DAY_US = 86_400_000_000;
const DAYS_TO_1970 = 719_468;

export interface CivilDate {
  year: number;
  /** 1 to 12. */
  month: number;
  day: number;
}

/**
 * The date of a day counted from 1970-01-01 (Howard Hinnant's `civil_from_days`).
 * @param target filled and returned
 */
export function civilDate(days: number, target: CivilDate): CivilDate {
  const shifted = days + DAYS_TO_1970;
  const era = Math.floor(shifted / 146_097);
  const day_of_era = shifted - era * 146_097;
  const year_of_era = Math.floor(
    (day_of_era - Math.floor(day_of_era / 1_460) + Math.floor(day_of_era / 36_524) - Math.floor(day_of_era / 146_096)) / 365,
  );
  const day_of_year = day_of_era - (365 * year_of_era + Math.floor(year_of_era / 4) - Math.floor(year_of_era / 100));
  const shifted_month = Math.floor((5 * day_of_year + 2) / 153);
  target.day = day_of_year - Math.floor((153 * shifted_month + 2) / 5) + 1;
  target.month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  target.year = year_of_era + era * 400 + (target.month <= 2 ? 1 : 0);
  return target;
}

/** Days from 1970-01-01 to a date (`days_from_civil`). */
export function daysTo(year: number, month: number, day: number): number {
  const shifted_year = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted_year / 400);
  const year_of_era = shifted_year - era * 400;
  const day_of_year = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const day_of_era = year_of_era * 365 + Math.floor(year_of_era / 4) - Math.floor(year_of_era / 100) + day_of_year;
  return era * 146_097 + day_of_era - DAYS_TO_1970;
}
