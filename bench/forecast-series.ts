import { Random } from '../src/index.js';

/** A made series as it is forecast: how many steps a season has, and how far ahead is asked for. */
export interface MadeSeries {
  readonly kind: string;
  readonly name: string;
  readonly season: number;
  readonly horizon: number;
  readonly values: Float64Array;
}

interface Recipe {
  readonly kind: string;
  readonly season: number;
  readonly horizon: number;
  readonly rows: readonly [least: number, most: number];
}

const recipes: readonly Recipe[] = [
  { kind: 'yearly', season: 1, horizon: 6, rows: [60, 90] },
  { kind: 'quarterly', season: 4, horizon: 8, rows: [64, 150] },
  { kind: 'monthly', season: 12, horizon: 18, rows: [96, 400] },
  { kind: 'weekly', season: 52, horizon: 13, rows: [260, 1000] },
  { kind: 'daily', season: 7, horizon: 14, rows: [150, 3000] },
  { kind: 'hourly', season: 24, horizon: 48, rows: [700, 1008] },
  { kind: 'random walk', season: 1, horizon: 8, rows: [120, 1500] },
  { kind: 'counts', season: 7, horizon: 14, rows: [200, 1200] },
];

/** Series of every kind, the same for a seed. */
export function madeSeries(seed: number, perKind: number): MadeSeries[] {
  return recipes.flatMap((recipe) =>
    Array.from({ length: perKind }, (_, i) => make(recipe, i, new Random(seed, `${recipe.kind} ${i}`))),
  );
}

function make({ kind, season, horizon, rows: [least, most] }: Recipe, i: number, random: Random): MadeSeries {
  const between = (low: number, high: number): number => low + (high - low) * random.uniform();
  const numRows = Math.round(least * (most / least) ** random.uniform());
  const level = 10 ** between(1, 4);
  const profiles = season === 1 ? [] : [profile(season, random), ...(season === 24 ? [profile(168, random, 7)] : [])];
  const strengths = profiles.map(() => between(0.02, 0.35));
  // How the parts vary: fast or slow levels, trends that bend, noise that remembers.
  const [levelNoise, noise, memory] = [
    between(0, 1) ** 3 * 0.05,
    between(0.01, 0.12),
    random.uniform() < 0.4 ? between(0.3, 0.9) : 0,
  ];
  const [trend, bend] = random.uniform() < 0.6 ? [between(-0.4, 0.9) / numRows, between(-0.6, 0.6) / numRows] : [0, 0];
  const isMultiplicative = random.uniform() < 0.4;
  const shiftAt = random.uniform() < 0.2 ? Math.floor(numRows * between(0.2, 0.9)) : Infinity;
  const shift = between(-0.3, 0.3);
  const outliers = random.uniform() < 0.3 ? 0.01 : 0;
  const evolves = random.uniform() < 0.3 ? 0.01 : 0;
  let [walk, ar] = [0, 0];
  const values = Float64Array.from({ length: numRows }, (_, t) => {
    walk += levelNoise * random.normal();
    ar = memory * ar + noise * Math.sqrt(1 - memory * memory) * random.normal();
    const base = 1 + walk + trend * t + bend * t * (t / numRows) + (t >= shiftAt ? shift : 0);
    profiles.forEach((states) => {
      if (evolves > 0) states[t % states.length] += evolves * random.normal();
    });
    const seasonal = profiles.reduce((sum, states, k) => sum + strengths[k] * states[t % states.length], 0);
    const spike = random.uniform() < outliers ? 0.6 * random.normal() : 0;
    return isMultiplicative ? Math.max(0.05, base) * Math.exp(seasonal + ar + spike) : base + seasonal + ar + spike;
  });
  return { kind, name: `${kind} ${i}`, season, horizon, values: finished(kind, values, level, random) };
}

function finished(kind: string, values: Float64Array, level: number, random: Random): Float64Array {
  if (kind === 'random walk') {
    let at = level;
    return values.map(() => (at += 0.01 * level * random.normal()));
  }
  if (kind === 'counts') {
    const rate = 10 ** (2 * random.uniform() - 0.7);
    return values.map((value) => poisson(rate * Math.max(0, value), random));
  }
  return values.map((value) => Number((level * value).toPrecision(6)));
}

/** A smooth or jagged shape of mean 0 and deviation about 1; of blocks for a week of hours. */
function profile(season: number, random: Random, blocks = season): Float64Array {
  const isSmooth = random.uniform() < 0.7 && blocks === season;
  const waves = Array.from({ length: 3 }, (_, k) => ({
    size: random.normal() / (k + 1),
    phase: 2 * Math.PI * random.uniform(),
  }));
  const heights = Array.from({ length: blocks }, () => random.normal());
  const shape = Float64Array.from({ length: season }, (_, i) =>
    isSmooth
      ? waves.reduce(
          (sum, { size, phase }, k) => sum + size * Math.sin((2 * Math.PI * (k + 1) * i) / season + phase),
          0,
        )
      : heights[Math.floor((i * blocks) / season)],
  );
  const mean = shape.reduce((sum, value) => sum + value, 0) / season;
  const deviation = Math.sqrt(shape.reduce((sum, value) => sum + (value - mean) ** 2, 0) / season);
  return shape.map((value) => (value - mean) / (deviation || 1));
}

/** Knuth 1969, section 3.4.1. */
function poisson(mean: number, random: Random): number {
  if (mean > 50) return Math.max(0, Math.round(mean + Math.sqrt(mean) * random.normal()));
  const limit = Math.exp(-mean);
  let product = random.uniform();
  let count = 0;
  while (product > limit) {
    product *= random.uniform();
    count++;
  }
  return count;
}
