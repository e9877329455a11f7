import {
  civilTimeOf,
  dateMs,
  dayMs,
  daysOfMonth,
  hourMs,
  minuteMs,
  monthIndexOf,
  secondMs,
  weekdayOf,
} from './civil-time.js';

/** How the stamps of a series follow each other; plain JSON. */
export type Frequency =
  /** Every so many milliseconds. */
  | { readonly unit: 'fixed'; readonly step: number }
  /** Every so many months, on the same day, the last one, the last that is no weekend, or on no certain day. */
  | { readonly unit: 'months'; readonly step: number; readonly day: number | 'last' | 'lastWeekday' | 'any' }
  /**
   * On some days of the week (1 Monday to 7 Sunday), at some times of the day in milliseconds: trading days, opening
   * hours.
   */
  | {
      readonly unit: 'open';
      readonly step: number;
      readonly weekdays: readonly number[];
      readonly times: readonly number[];
    };

/** Less than this share of steps that fit is no frequency. */
const leastShare = 0.9;

/** Days and weeks that must be seen before a time without any stamp counts as closed. */
const leastDays = 10;
const leastWeeks = 3;

/**
 * The frequency of series, each with its stamps in order; undefined where most steps do not fit one.
 *
 * @param isClock whether stamps are dates; plain numbers have neither months nor days.
 */
export function findFrequency(series: readonly Float64Array[], isClock = true): Frequency | undefined {
  const steps = stepsOf(series);
  if (steps.length === 0) return undefined;
  if (!isClock) return fixedStep(steps, false);
  const mayBeMonths = steps[steps.length >> 1] > 27 * dayMs;
  const months = mayBeMonths ? monthFrequency(series, true) : undefined;
  if (months !== undefined) return months;
  const fixed = fixedStep(steps, true);
  if (fixed === undefined) return mayBeMonths ? monthFrequency(series, false) : undefined;
  return openTimes(series, fixed.step) ?? fixed;
}

/** Differences of neighbours above 0, in order of size. */
function stepsOf(series: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(series.reduce((sum, { length }) => sum + Math.max(0, length - 1), 0));
  let count = 0;
  for (const times of series)
    for (let i = 1; i < times.length; i++) if (times[i] > times[i - 1]) all[count++] = times[i] - times[i - 1];
  return all.subarray(0, count).sort();
}

/** The most frequent of numbers in order of size, the smallest of several; and its share. */
function mostFrequent(sorted: ArrayLike<number>): { readonly value: number; readonly share: number } {
  let [value, most] = [NaN, 0];
  for (let i = 0, start = 0; i < sorted.length; i++) {
    if (sorted[i] !== sorted[start]) start = i;
    if (i - start + 1 > most) [value, most] = [sorted[i], i - start + 1];
  }
  return { value, share: most / sorted.length };
}

const usualSteps = [
  ...[1, 2, 5, 10, 15, 20, 30].map((n) => n * secondMs),
  ...[1, 2, 5, 10, 15, 20, 30].map((n) => n * minuteMs),
  ...[1, 2, 3, 4, 6, 8, 12].map((n) => n * hourMs),
  dayMs,
  7 * dayMs,
];

function fixedStep(sorted: Float64Array, isClock: boolean): Extract<Frequency, { unit: 'fixed' }> | undefined {
  const { value, share } = mostFrequent(sorted);
  const median = sorted[sorted.length >> 1];
  // Stamps that come a little early or late have no step that is frequent, but one that is meant.
  const meant = isClock ? usualSteps.find((step) => Math.abs(median - step) <= 0.1 * step) : undefined;
  const step = share >= 0.5 ? value : (meant ?? (share >= 0.3 ? value : median));
  let numFitting = 0;
  for (const difference of sorted) {
    const count = Math.round(difference / step);
    if (count >= 1 && Math.abs(difference / step - count) <= 0.25) numFitting++;
  }
  return numFitting >= leastShare * sorted.length ? { unit: 'fixed', step } : undefined;
}

function monthFrequency(series: readonly Float64Array[], isStrict: boolean): Frequency | undefined {
  const steps: number[] = [];
  for (const times of series)
    for (let i = 1; i < times.length; i++) steps.push(monthIndexOf(times[i]) - monthIndexOf(times[i - 1]));
  steps.sort((a, b) => a - b);
  if (steps.length === 0 || steps[Math.floor(steps.length * (1 - leastShare))] < 1) return undefined;
  const step = mostFrequent(steps).value;
  const fits = steps.filter((difference) => difference > 0 && difference % step === 0).length;
  if (fits < (isStrict ? steps.length : leastShare * steps.length)) return undefined;
  const day = dayRule(series);
  return isStrict && day === 'any' ? undefined : { unit: 'months', step, day };
}

/** On which day of the month all stamps are. */
function dayRule(series: readonly Float64Array[]): number | 'last' | 'lastWeekday' | 'any' {
  let [latest, isLast, isLastWeekday] = [0, true, true];
  const each = (visit: (ms: number) => void): void => series.forEach((times) => times.forEach(visit));
  each((ms) => {
    const { year, month, day } = civilTimeOf(ms);
    latest = Math.max(latest, day);
    isLast &&= day === daysOfMonth(year, month);
    isLastWeekday &&= day === lastWeekday(year, month);
  });
  let isSame = true;
  each((ms) => {
    const { year, month, day } = civilTimeOf(ms);
    isSame &&= day === Math.min(latest, daysOfMonth(year, month));
  });
  // "The last" before "the 30th": only the first knows what comes after February and April.
  if (isLast) return 'last';
  if (isSame) return latest;
  return isLastWeekday ? 'lastWeekday' : 'any';
}

function lastWeekday(year: number, month: number): number {
  const last = daysOfMonth(year, month);
  return last - Math.max(0, weekdayOf(dateMs(year, month, last)) - 5);
}

/** The days of the week and times of the day that are ever seen, where others never are. */
function openTimes(series: readonly Float64Array[], step: number): Frequency | undefined {
  if (dayMs % step !== 0) return undefined;
  const numSlots = dayMs / step;
  const phase = phaseOf(series, step);
  const days = new Set<number>();
  const bySlot = new Float64Array(numSlots);
  for (const times of series) {
    for (const ms of times) {
      const slot = Math.round((ms - phase) / step);
      days.add(Math.floor(slot / numSlots));
      bySlot[((slot % numSlots) + numSlots) % numSlots]++;
    }
  }
  const byWeekday = new Float64Array(8);
  for (const day of days) byWeekday[weekdayOf(day * dayMs)]++;
  const numWeeks = byWeekday.reduce((most, count) => Math.max(most, count), 0);
  const open = [1, 2, 3, 4, 5, 6, 7].filter((weekday) => numWeeks < leastWeeks || byWeekday[weekday] > 0.05 * numWeeks);
  const mostInSlot = bySlot.reduce((most, count) => Math.max(most, count), 0);
  const slots = Array.from(bySlot.keys()).filter((slot) => days.size < leastDays || bySlot[slot] > 0.05 * mostInSlot);
  // A few times of the day without stamps are gaps: a day that is whole otherwise keeps its length.
  const hasClosedTimes = slots.length <= 0.75 * numSlots;
  if (open.length === 7 && !hasClosedTimes) return undefined;
  const times = (hasClosedTimes ? slots : Array.from(bySlot.keys())).map((slot) => slot * step + phase);
  return { unit: 'open', step, weekdays: open, times };
}

/** Where in a step most stamps are: hours may be counted from half past. */
function phaseOf(series: readonly Float64Array[], step: number): number {
  const phases = Float64Array.from(
    series.flatMap((times) => [...times.subarray(0, 2000)].map((ms) => ((ms % step) + step) % step)),
  );
  return mostFrequent(phases.sort()).value;
}

/** Steps from one stamp to a later one, at least 1. */
export function stepsBetween(frequency: Frequency, from: number, to: number): number {
  if (frequency.unit === 'months')
    return Math.max(1, Math.round((monthIndexOf(to) - monthIndexOf(from)) / frequency.step));
  if (frequency.unit === 'fixed') return Math.max(1, Math.round((to - from) / frequency.step));
  return Math.max(1, openIndexOf(frequency, to) - openIndexOf(frequency, from));
}

/** The stamp so many steps after another. */
export function timeAfter(frequency: Frequency, from: number, count: number): number {
  if (frequency.unit === 'fixed') return from + count * frequency.step;
  if (frequency.unit === 'months') return monthAfter(frequency, from, count);
  return openTimeOf(frequency, openIndexOf(frequency, from) + count);
}

function monthAfter({ step, day }: Extract<Frequency, { unit: 'months' }>, from: number, count: number): number {
  const index = monthIndexOf(from) + count * step;
  const [year, month] = [Math.floor(index / 12), 1 + (((index % 12) + 12) % 12)];
  const last = daysOfMonth(year, month);
  const rule = day === 'any' ? civilTimeOf(from).day : day;
  const wanted = rule === 'last' ? last : rule === 'lastWeekday' ? lastWeekday(year, month) : Math.min(rule, last);
  const ofDay = ((from % dayMs) + dayMs) % dayMs;
  return dateMs(year, month, wanted) + ofDay;
}

type Open = Extract<Frequency, { unit: 'open' }>;

/** Open times since 1970, a Thursday; of the nearest one where a stamp is beside it. */
function openIndexOf({ weekdays, times, step }: Open, ms: number): number {
  const day = Math.floor((ms - times[0] + step / 2) / dayMs);
  const ofDay = ms - day * dayMs;
  const week = Math.floor((day + 3) / 7);
  const weekday = day + 3 - week * 7 + 1;
  const before = weekdays.filter((open) => open < weekday).length;
  let slot = 0;
  while (slot + 1 < times.length && Math.abs(times[slot + 1] - ofDay) <= Math.abs(times[slot] - ofDay)) slot++;
  // A stamp of a closed day counts with the last open time before it.
  return weekdays.includes(weekday)
    ? (week * weekdays.length + before) * times.length + slot
    : (week * weekdays.length + before) * times.length - 1;
}

function openTimeOf({ weekdays, times }: Open, index: number): number {
  const dayIndex = Math.floor(index / times.length);
  const week = Math.floor(dayIndex / weekdays.length);
  const weekday = weekdays[dayIndex - week * weekdays.length];
  return (week * 7 - 3 + weekday - 1) * dayMs + times[index - dayIndex * times.length];
}

/** Steps of an hour, a day, a week and a year, as far as they hold several. */
export function calendarSeasons(frequency: Frequency): number[] {
  if (frequency.unit === 'months')
    return [12 / frequency.step].filter((season) => season >= 2 && Number.isInteger(season));
  if (frequency.unit === 'open') {
    const { weekdays, times } = frequency;
    return [times.length, weekdays.length * times.length, 52 * weekdays.length * times.length].filter(
      (season) => season >= 2,
    );
  }
  const whole = [hourMs, dayMs, 7 * dayMs].map((cycle) => cycle / frequency.step).filter(Number.isInteger);
  const year = Math.floor((365.25 * dayMs) / frequency.step);
  return [...whole, year].filter((season) => season >= 2);
}

/**
 * The season of the calendar that one found by measuring is meant for, where it is within a twentieth; else as it was
 * found.
 */
export function nearCalendar(season: number, frequency: Frequency | undefined): number {
  const near =
    frequency === undefined
      ? []
      : calendarSeasons(frequency).filter((known) => Math.abs(known - season) <= 0.05 * known);
  return near.reduce(
    (best, known) => (Math.abs(known - season) < Math.abs(best - season) ? known : best),
    near[0] ?? season,
  );
}

/** In words: `1 hour`, `every 3 months`, `1 day, Monday to Friday`. */
export function describeFrequency(frequency: Frequency): string {
  if (frequency.unit === 'months') {
    const words: Readonly<Record<number, string>> = { 1: '1 month', 3: '1 quarter', 12: '1 year' };
    return words[frequency.step] ?? `${frequency.step} months`;
  }
  const step = describeDuration(frequency.step);
  if (frequency.unit === 'fixed') return step;
  const names = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
  const { weekdays, times } = frequency;
  const isRun = weekdays.every((weekday, i) => i === 0 || weekday === weekdays[i - 1] + 1);
  const days =
    weekdays.length === 7
      ? []
      : [
          isRun && weekdays.length > 2
            ? `${names[weekdays[0] - 1]} to ${names[weekdays[weekdays.length - 1] - 1]}`
            : weekdays.map((weekday) => names[weekday - 1]).join(', '),
        ];
  const clock = (ms: number): string => new Date(ms).toISOString().slice(11, 16);
  const isPartOfDay = frequency.step < dayMs && times.length < dayMs / frequency.step;
  return [step, ...days, ...(isPartOfDay ? [`${clock(times[0])} to ${clock(times[times.length - 1])}`] : [])].join(
    ', ',
  );
}

function describeDuration(ms: number): string {
  for (const [unit, size] of [
    ['week', 7 * dayMs],
    ['day', dayMs],
    ['hour', hourMs],
    ['minute', minuteMs],
    ['second', secondMs],
  ] as const) {
    if (ms % size === 0) return `${ms / size} ${unit}${ms === size ? '' : 's'}`;
  }
  return `${Number((ms / secondMs).toPrecision(6))} seconds`;
}
