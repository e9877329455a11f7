/** A moment as a clock and a calendar show it; months and days from 1. */
export interface CivilTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly millisecond: number;
}

export const secondMs = 1_000;
export const minuteMs = 60 * secondMs;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

/** Days of a month from 1 to 12. */
export function daysOfMonth(year: number, month: number): number {
  return month === 2 ? (isLeapYear(year) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;
}

export function isLeapYear(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

/**
 * Milliseconds since 1970 of midnight, in the Gregorian calendar for any year; a month beyond 12 counts on into later
 * years.
 */
export function dateMs(year: number, month: number, day: number): number {
  const date = new Date(0);
  // Date.UTC takes the years 0 to 99 for 1900 to 1999.
  return date.setUTCFullYear(year, month - 1, day);
}

/** What a calendar and a clock without a zone show at so many milliseconds since 1970. */
export function civilTimeOf(ms: number): CivilTime {
  const date = new Date(ms);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    millisecond: date.getUTCMilliseconds(),
  };
}

/** From 1 for Monday to 7 for Sunday (ISO 8601). */
export function weekdayOf(ms: number): number {
  return new Date(ms).getUTCDay() || 7;
}

/** Midnight of the Monday that begins a week of a year (ISO 8601: week 1 holds 4 January). */
export function isoWeekMs(year: number, week: number): number {
  const fourth = dateMs(year, 1, 4);
  return fourth - (weekdayOf(fourth) - 1) * dayMs + (week - 1) * 7 * dayMs;
}

/** The year and the number of the week that a day is in (ISO 8601). */
export function isoWeekOf(ms: number): { readonly year: number; readonly week: number } {
  const thursday = ms + (4 - weekdayOf(ms)) * dayMs;
  const { year } = civilTimeOf(thursday);
  return { year, week: 1 + Math.floor((thursday - isoWeekMs(year, 1)) / (7 * dayMs)) };
}

/** Months since year 0. */
export function monthIndexOf(ms: number): number {
  const { year, month } = civilTimeOf(ms);
  return year * 12 + month - 1;
}
