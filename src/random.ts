import { RondoError, requireNumber } from './errors.js';

/**
 * A seeded generator: xoshiro128** (Blackman and Vigna, 2018, "Scrambled linear pseudorandom number
 * generators"), seeded through splitmix32. Equal seeds give equal sequences on every platform, and
 * {@link Random.state} makes a run resumable at the exact draw it stopped at.
 */
export class Random {
  #a = 0;
  #b = 0;
  #c = 0;
  #d = 0;
  #spareNormal: number | undefined;

  /** @param seed any whole number; only its low 32 bits are used, and streams with different names differ. */
  constructor(seed: number, stream = '') {
    let mixed = seed >>> 0;
    for (let i = 0; i < stream.length; i++) mixed = Math.imul(mixed ^ stream.charCodeAt(i), 0x01000193) >>> 0;
    const next = (): number => {
      mixed = (mixed + 0x9e3779b9) >>> 0;
      let z = mixed;
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      return (z ^ (z >>> 15)) >>> 0;
    };
    this.#a = next();
    this.#b = next();
    this.#c = next();
    this.#d = next() | 1;
  }

  /** A whole number in [0, 2^32). */
  uint32(): number {
    const scrambled = Math.imul(this.#b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  /**
   * @internal Fills numbers with `value` where a {@link uint32} is below the limit, else with 0: those that single draws
   * would give. The words stay in locals, which takes a third of the time.
   */
  fillBelow(numbers: Float32Array, limit: number, value: number): void {
    let [a, b, c, d] = [this.#a, this.#b, this.#c, this.#d];
    for (let i = 0; i < numbers.length; i++) {
      const scrambled = Math.imul(b, 5);
      numbers[i] = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0 < limit ? value : 0;
      const shifted = b << 9;
      c ^= a;
      d ^= b;
      b ^= c;
      a ^= d;
      c ^= shifted;
      d = (d << 11) | (d >>> 21);
    }
    [this.#a, this.#b, this.#c, this.#d] = [a, b, c, d];
  }

  /** A number in [0, 1) with 32 random bits. */
  uniform(): number {
    return this.uint32() / 4294967296;
  }

  /** A whole number in [0, limit), each equally likely. */
  integer(limit: number): number {
    return Math.floor(this.uniform() * limit);
  }

  /** A standard normal number (Box and Muller, 1958). */
  normal(): number {
    if (this.#spareNormal !== undefined) {
      const spare = this.#spareNormal;
      this.#spareNormal = undefined;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** Puts the items in a random order, in place (Fisher and Yates). */
  shuffle<T extends { length: number; [index: number]: unknown }>(items: T): T {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const kept = items[i];
      items[i] = items[j];
      items[j] = kept;
    }
    return items;
  }

  /** Everything needed to go on from here, as plain JSON. */
  get state(): RandomState {
    return {
      words: [this.#a >>> 0, this.#b >>> 0, this.#c >>> 0, this.#d >>> 0],
      spareNormal: this.#spareNormal ?? null,
    };
  }

  set state(state: RandomState) {
    const isWord = (word: unknown): boolean =>
      Number.isInteger(word) && (word as number) >= 0 && (word as number) < 2 ** 32;
    const isSpare = state.spareNormal === null || Number.isFinite(state.spareNormal);
    if (
      !Array.isArray(state.words) ||
      state.words.length !== 4 ||
      !state.words.every(isWord) ||
      !state.words.some((word) => word !== 0) ||
      !isSpare
    ) {
      throw new RondoError('FILE_FORMAT', {
        where: 'Random.state',
        what: 'the saved state of the random generator is damaged.',
        expected: 'four 32-bit words',
        received: JSON.stringify(state),
        fix: 'use an intact checkpoint.',
      });
    }
    [this.#a, this.#b, this.#c, this.#d] = state.words;
    this.#spareNormal = state.spareNormal ?? undefined;
  }
}

/** What {@link Random.state} reads and writes; plain JSON. */
export interface RandomState {
  words: [number, number, number, number];
  spareNormal: number | null;
}

/** A seed, with how many streams have been split from it. */
interface Seed {
  readonly value: number;
  /** What draws outside of every stream, such as the weights of a layer that is in no model. */
  readonly random: Random;
  numStreams: number;
}

let seed = seedOf(0);
let active: Random | undefined;

/**
 * Starts the library's generators anew, so that one seed makes a whole run repeatable: initial weights, shuffling,
 * dropout and sampling. Every model has a stream of its own, split from the seed by its place among the models made
 * since: what it draws for its weights and in `fit` changes nothing for others, also where they train at the same time.
 * Models made before take their places anew when they next draw. Without a call the seed is 0.
 */
export function setSeed(value: number): void {
  requireNumber('setSeed', 'seed', value, 'a whole number', Number.isInteger);
  seed = seedOf(value);
}

/** The generator to draw from: that of the model that is computing, else the seed's own. */
export function currentRandom(): Random {
  return active ?? seed.random;
}

/**
 * Runs work that draws from a generator; one that is in use already stays in use. What follows an `await` draws from
 * others.
 */
export function withRandom<T>(random: Random, work: () => T): T {
  if (active !== undefined) return work();
  active = random;
  try {
    return work();
  } finally {
    active = undefined;
  }
}

/** Runs work on a generator that starts in a given state, whichever is in use. */
export function replayed<T>(state: RandomState, work: () => T): { result: T; after: RandomState } {
  const before = active;
  const random = (active = new Random(0));
  random.state = state;
  try {
    const result = work();
    return { result, after: random.state };
  } finally {
    active = before;
  }
}

/** A generator that belongs to one owner, see {@link setSeed}. */
export class RandomStream {
  #seed = seed;
  #random = nextStream();

  get random(): Random {
    if (this.#seed !== seed) {
      this.#seed = seed;
      this.#random = nextStream();
    }
    return this.#random;
  }
}

function seedOf(value: number): Seed {
  return { value, random: new Random(value, 'unowned'), numStreams: 0 };
}

/** The first is that of the bare seed. */
function nextStream(): Random {
  const number = seed.numStreams++;
  return new Random(seed.value, number === 0 ? '' : `stream ${number}`);
}
