import { describe, expect, it } from 'vitest';
import { dayMs, hourMs, minuteMs } from './civil-time.js';
import {
  calendarSeasons,
  describeFrequency,
  type Frequency,
  findFrequency,
  nearCalendar,
  stepsBetween,
  timeAfter,
} from './frequency.js';

const stamps = (...texts: string[]): Float64Array => Float64Array.from(texts, (text) => Date.parse(`${text}Z`));
const every = (start: string, count: number, step: number): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => Date.parse(`${start}Z`) + i * step);
const days = (times: Float64Array, holds: (weekday: number) => boolean): Float64Array =>
  times.filter((ms) => holds(new Date(ms).getUTCDay()));
const shown = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T00:00', '');
const next = (frequency: Frequency, from: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => shown(timeAfter(frequency, Date.parse(`${from}Z`), i + 1)));

describe('the frequency of stamps', () => {
  it.each([
    ['1 hour', every('2020-03-01T00:30', 50, hourMs)],
    ['5 minutes', every('2020-03-01T00:00', 9, 5 * minuteMs)],
    ['1 day', every('2020-02-25', 30, dayMs)],
    ['1 week', every('2020-02-25', 12, 7 * dayMs)],
    ['1 month', stamps('2020-01-31', '2020-02-29', '2020-03-31', '2020-04-30')],
    ['1 quarter', stamps('2020-01-01', '2020-04-01', '2020-07-01', '2020-10-01', '2021-01-01')],
    ['1 year', stamps('2019-06-30', '2020-06-30', '2021-06-30')],
    ['2 months', stamps('2020-01-15', '2020-03-15', '2020-07-15', '2020-09-15')],
    ['1 day, Mon to Fri', days(every('2020-01-01', 60, dayMs), (weekday) => weekday % 6 !== 0)],
    ['1 day, Mon to Sat', days(every('2020-01-01', 40, dayMs), (weekday) => weekday !== 0)],
    ['1 day, Mon, Tue, Wed, Thu, Sun', days(every('2020-01-01', 60, dayMs), (weekday) => weekday < 5)],
    [
      '1 hour, Mon to Fri, 09:30 to 15:30',
      days(every('2020-01-01T00:30', 24 * 40, hourMs), (weekday) => weekday % 6 !== 0).filter(
        (ms) => new Date(ms).getUTCHours() >= 9 && new Date(ms).getUTCHours() <= 15,
      ),
    ],
  ])('is %s', (words, times) => {
    expect(describeFrequency(findFrequency([times])!)).toBe(words);
  });

  it('is found in spite of gaps, and of stamps a little early or late', () => {
    const times = every('2020-01-01', 200, 10 * minuteMs).filter((_, i) => i % 7 !== 3 && (i < 50 || i > 61));
    expect(findFrequency([times])).toEqual({ unit: 'fixed', step: 10 * minuteMs });
    expect(findFrequency([times.map((ms, i) => ms + ((i * i * 7919) % 61) * 1000)])).toEqual({
      unit: 'fixed',
      step: 10 * minuteMs,
    });
  });

  it('is none where rows come when they like', () => {
    expect(
      findFrequency([
        Float64Array.from({ length: 80 }, (_, i) => dayMs * (1.37 * i + Math.sin(i) + 0.4 * Math.sin(3.1 * i))),
      ]),
    ).toBeUndefined();
    expect(findFrequency([stamps('2020-01-01')])).toBeUndefined();
  });

  it('is that of plain numbers, without months or weeks', () => {
    expect(findFrequency([Float64Array.from([3, 5, 7, 11, 13, 15])], false)).toEqual({ unit: 'fixed', step: 2 });
  });
});

describe('the stamps that follow', () => {
  it('keep to the calendar', () => {
    const last: Frequency = { unit: 'months', step: 1, day: 'last' };
    expect(next(last, '2023-12-31', 4)).toEqual(['2024-01-31', '2024-02-29', '2024-03-31', '2024-04-30']);
    expect(next({ unit: 'months', step: 1, day: 30 }, '2023-01-30', 3)).toEqual([
      '2023-02-28',
      '2023-03-30',
      '2023-04-30',
    ]);
    expect(next({ unit: 'months', step: 1, day: 'lastWeekday' }, '2020-01-31', 4)).toEqual([
      '2020-02-28',
      '2020-03-31',
      '2020-04-30',
      '2020-05-29',
    ]);
    expect(next({ unit: 'months', step: 12, day: 29 }, '2020-02-29', 4)).toEqual([
      '2021-02-28',
      '2022-02-28',
      '2023-02-28',
      '2024-02-29',
    ]);
    expect(next({ unit: 'fixed', step: dayMs }, '2024-02-28', 2)).toEqual(['2024-02-29', '2024-03-01']);
  });

  it('skip what is closed', () => {
    const trading = findFrequency([days(every('2020-01-01', 60, dayMs), (weekday) => weekday % 6 !== 0)])!;
    expect(next(trading, '2020-03-05', 3)).toEqual(['2020-03-06', '2020-03-09', '2020-03-10']);
    const hours: Frequency = {
      unit: 'open',
      step: hourMs,
      weekdays: [1, 2, 3, 4, 5],
      times: [9.5, 10.5, 11.5].map((hour) => hour * hourMs),
    };
    expect(next(hours, '2020-03-06T10:30', 3)).toEqual(['2020-03-06T11:30', '2020-03-09T09:30', '2020-03-09T10:30']);
  });

  it('are as many as were counted, for any number of them and any start', () => {
    const frequencies: Frequency[] = [
      { unit: 'fixed', step: 15 * minuteMs },
      { unit: 'months', step: 3, day: 'last' },
      { unit: 'months', step: 1, day: 17 },
      { unit: 'open', step: dayMs, weekdays: [1, 2, 4, 7], times: [0] },
      {
        unit: 'open',
        step: 30 * minuteMs,
        weekdays: [1, 2, 3, 4, 5],
        times: [19, 20, 21, 25].map((slot) => slot * 30 * minuteMs),
      },
    ];
    for (const frequency of frequencies) {
      let from = timeAfter(frequency, Date.parse('1968-03-29T00:00Z'), 1);
      for (let i = 1; i < 40; i++) {
        const to = timeAfter(frequency, from, i);
        expect(stepsBetween(frequency, from, to)).toBe(i);
        from = timeAfter(frequency, from, 1);
      }
    }
  });
});

describe('the seasons of a calendar', () => {
  it('are what an hour, a day, a week and a year hold', () => {
    expect(calendarSeasons({ unit: 'fixed', step: 30 * minuteMs })).toEqual([2, 48, 336, 17_532]);
    expect(calendarSeasons({ unit: 'fixed', step: dayMs })).toEqual([7, 365]);
    expect(calendarSeasons({ unit: 'fixed', step: 7 * dayMs })).toEqual([52]);
    expect(calendarSeasons({ unit: 'months', step: 3, day: 1 })).toEqual([4]);
    expect(calendarSeasons({ unit: 'open', step: dayMs, weekdays: [1, 2, 3, 4, 5], times: [0] })).toEqual([5, 260]);
  });

  it('stand for one that was measured near them', () => {
    const daily: Frequency = { unit: 'fixed', step: dayMs };
    expect([367, 7, 8, 340, 29].map((season) => nearCalendar(season, daily))).toEqual([365, 7, 8, 340, 29]);
    expect(nearCalendar(23, { unit: 'fixed', step: hourMs })).toBe(24);
    expect(nearCalendar(11, { unit: 'fixed', step: hourMs })).toBe(11);
    expect(nearCalendar(128, { unit: 'months', step: 1, day: 1 })).toBe(128);
    expect(nearCalendar(25, undefined)).toBe(25);
  });
});
