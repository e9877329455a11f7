import { describe, expect, it } from 'vitest';
import { TokenStreams } from '../../data/streams.js';
import { Random } from '../../random.js';
import { TrainingWindows } from './training-windows.js';

const batchSize = 3;
const timesteps = 7;

/** The place of each row's window, in a text whose tokens are their places. */
function placesOf(windows: TrainingWindows, seed: number) {
  return Array.from(windows.epoch(new Random(seed)), ({ input, target, anewAfter }) => {
    const places = Array.from({ length: batchSize }, (_, row) => input.data[row * timesteps]);
    const ahead = (by: number): number[] =>
      places.flatMap((place) => Array.from({ length: timesteps }, (_, i) => place + i + by));
    expect([...input.data]).toEqual(ahead(0));
    expect([...target.data]).toEqual(ahead(1));
    return { places, anewAfter };
  });
}

const counting = Int32Array.from({ length: 3001 }, (_, i) => i);

describe('the windows of a training', () => {
  it('go on where they ended, but in rows that begin anew', () => {
    const windows = new TrainingWindows(counting, { batchSize, timesteps, starts: Int32Array.of(500, 1200, 2600) });
    const epoch = placesOf(windows, 1);
    expect(epoch).toHaveLength(windows.length);
    expect(windows.length).toBe(new TokenStreams(counting, { batchSize, timesteps }).length);
    let numAnew = 0;
    for (let i = 1; i < epoch.length; i++) {
      const { anewAfter } = epoch[i - 1];
      numAnew += anewAfter.length;
      for (let row = 0; row < batchSize; row++) {
        const goesOn = epoch[i].places[row] === epoch[i - 1].places[row] + timesteps;
        expect(
          goesOn ||
            (anewAfter.includes(row) &&
              Math.abs(epoch[i].places[row] - epoch[i - 1].places[row] - timesteps) <= timesteps),
        ).toBe(true);
      }
    }
    // 142 windows of 3 rows, one in 16.
    expect(numAnew).toBeGreaterThan(10);
    expect(numAnew).toBeLessThan(50);
  });

  it('begin anew at a beginning every second time, at most one window away', () => {
    const starts = Int32Array.from({ length: 300 }, (_, i) => 10 * i);
    const windows = new TrainingWindows(counting, { batchSize, timesteps, starts });
    let [numAtStart, numAnew] = [0, 0];
    for (let seed = 0; seed < 20; seed++) {
      const epoch = placesOf(windows, seed);
      epoch.slice(0, -1).forEach(({ anewAfter }, i) => {
        numAnew += anewAfter.length;
        for (const row of anewAfter) if (epoch[i + 1].places[row] % 10 === 0) numAtStart++;
      });
    }
    // Half of them, and a tenth of the others by chance.
    expect(numAtStart / numAnew).toBeGreaterThan(0.48);
    expect(numAtStart / numAnew).toBeLessThan(0.62);
  });

  it('never reach beyond the text, and read nearly all of it', () => {
    const starts = Int32Array.from({ length: 429 }, (_, i) => 7 * i - (i % 5)).filter((place) => place >= 0);
    for (let seed = 0; seed < 10; seed++) {
      const seen = new Set(
        placesOf(new TrainingWindows(counting, { batchSize, timesteps, starts }), seed).flatMap(({ places }) =>
          places.flatMap((place) => Array.from({ length: timesteps }, (_, i) => place + i)),
        ),
      );
      expect(seen.size).toBeGreaterThan(0.95 * 2982);
    }
  });

  it('are the same for the same seed, and others for another', () => {
    const windows = new TrainingWindows(counting, { batchSize, timesteps, starts: Int32Array.of(44, 900) });
    expect(placesOf(windows, 4)).toEqual(placesOf(windows, 4));
    expect(placesOf(windows, 4)).not.toEqual(placesOf(windows, 5));
  });

  it('show the unknown token in the place of rare ones, as an input alone, where the text has none', () => {
    const tokens = Int32Array.from({ length: 3001 }, (_, i) => (i % 500 === 250 ? 2 : 1));
    const count = (text: Int32Array) => {
      const shown: number[] = [];
      for (let seed = 0; seed < 20; seed++) {
        for (const { input, target } of new TrainingWindows(text, {
          batchSize,
          timesteps,
          starts: new Int32Array(0),
          unknownId: 0,
        }).epoch(new Random(seed))) {
          expect(target.data).not.toContain(0);
          for (let i = 0; i < input.data.length; i++)
            if (input.data[i] === 0) shown.push(input.data.length === i + 1 ? 1 : target.data[i]);
        }
      }
      return shown.length;
    };
    // Of 6 and of 2995 tokens each about one an epoch.
    expect(count(tokens)).toBeGreaterThan(20);
    expect(count(tokens)).toBeLessThan(70);
    const withUnknown = tokens.map((token, i) => (i === 2990 ? 0 : token));
    expect(
      Array.from(
        new TrainingWindows(withUnknown, { batchSize, timesteps, starts: new Int32Array(0), unknownId: 0 }).epoch(
          new Random(1),
        ),
      ).filter(({ input }) => input.data.includes(0)).length,
    ).toBeLessThan(2);
  });
});
