import { decodeSafetensors, encodeSafetensors } from '../../src/io/safetensors.js';
import { Random } from '../../src/random.js';

/** What a damaged or hostile description says in the place of a value. */
const replacements: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  0.5,
  3,
  1e8,
  1e300,
  '',
  'nonsense',
  '__proto__',
  [],
  [null],
  [[]],
  [-1, 2.5],
  {},
  { length: 3 },
  { $number: 'NaN' },
  { className: 'Dense' },
];

interface Place {
  readonly holder: Record<string, unknown>;
  readonly key: string;
  readonly path: string;
}

function* placesIn(value: unknown, path = ''): Generator<Place> {
  if (value === null || typeof value !== 'object') return;
  const holder = value as Record<string, unknown>;
  // A long list is one kind of value: its first entries speak for it.
  for (const key of Object.keys(holder).slice(0, 40)) {
    yield { holder, key, path: `${path}/${key}` };
    yield* placesIn(holder[key], `${path}/${key}`);
  }
}

/** A file with one value of its description removed or replaced. */
export interface DamagedFile {
  /** Where, and what stands there. */
  readonly change: string;
  readonly bytes: Uint8Array;
}

/**
 * Texts of a JSON with one value removed or replaced, drawn one by one. A text that is itself an object of JSON is changed inside as
 * often as the object around it.
 */
export function jsonWithOneChange(good: object): (random: Random) => string {
  const description = structuredClone(good);
  const places = [...placesIn(description)];
  const nested = places.flatMap(({ holder, key }) => {
    const inner = innerObject(holder[key]);
    return inner === undefined ? [] : [{ holder, key, change: jsonWithOneChange(inner) }];
  });
  return (random) => {
    const isInner = nested.length > 0 && random.uniform() < 0.5;
    const { holder, key, ...how } = isInner
      ? nested[random.integer(nested.length)]
      : places[random.integer(places.length)];
    const before = holder[key];
    const value =
      'change' in how ? how.change(random) : [undefined, ...replacements][random.integer(replacements.length + 1)];
    if (value === undefined && !Array.isArray(holder)) delete holder[key];
    else holder[key] = value;
    const text = JSON.stringify(description);
    holder[key] = before;
    return text;
  };
}

function innerObject(value: unknown): object | undefined {
  if (typeof value !== 'string' || !/^[[{]/.test(value)) return undefined;
  try {
    return JSON.parse(value) as object;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Texts of a JSON that differ from a good one in one value. @param share of all such texts, drawn with a seed. */
export function* damagedJson(
  good: object,
  share = 1,
  random = new Random(0, 'damage'),
): Generator<{ readonly change: string; readonly text: string }> {
  const description = structuredClone(good);
  for (const { holder, key, path } of [...placesIn(description)]) {
    const before = holder[key];
    for (const value of [undefined, ...replacements]) {
      if (random.uniform() >= share) continue;
      if (value === undefined && !Array.isArray(holder)) delete holder[key];
      else holder[key] = value;
      yield { change: `${path} = ${JSON.stringify(value) ?? 'nothing'}`, text: JSON.stringify(description) };
      holder[key] = before;
    }
  }
}

/**
 * Files that differ from a good one in one value of their description. @param share of all such files, drawn with a
 * seed.
 */
export function* damagedFiles(good: Uint8Array, share = 1, random = new Random(0, 'damage')): Generator<DamagedFile> {
  const { tensors, metadata } = decodeSafetensors(good, 'good');
  const changed = (text: string): Uint8Array => encodeSafetensors(tensors, { rondo: text });
  const description = JSON.parse(metadata.rondo) as object;
  for (const { holder, key, path } of [...placesIn(description)]) {
    const before = holder[key];
    for (const value of [undefined, ...replacements]) {
      if (random.uniform() >= share) continue;
      if (value === undefined && !Array.isArray(holder)) delete holder[key];
      else holder[key] = value;
      yield { change: `${path} = ${JSON.stringify(value) ?? 'nothing'}`, bytes: changed(JSON.stringify(description)) };
      holder[key] = before;
    }
  }
}
