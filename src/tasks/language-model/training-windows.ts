import type { StreamWindow } from '../../data/streams.js';
import { requireCount } from '../../errors.js';
import type { Random } from '../../random.js';

/** One window of parallel streams. */
export interface TrainingWindow extends StreamWindow {
  /** The rows that begin anew in the window after it: their states must be zeros by then. */
  readonly anewAfter: readonly number[];
}

export interface TrainingWindowsOptions {
  readonly batchSize: number;
  readonly timesteps: number;
  /** Places at which a text can begin, in rising order. */
  readonly starts: Int32Array;
  /**
   * Stands for what the vocabulary does not hold; shown in the place of rare tokens where no token of the text is
   * unknown.
   */
  readonly unknownId?: number | undefined;
}

/** How often a row begins anew: once in so many windows. */
const windowsBetweenStarts = 16;

/**
 * A text as parallel streams for truncated backpropagation through time, where each row goes on where it ended in the
 * window before, but for some that begin anew from empty states, as every text does that is written or scored later: a
 * state that training does not show is one that a model has learned nothing of. Every other row that begins anew does
 * so at the nearest beginning of a document, at most one window away, behind the tokens that stand before it; the rest
 * where they are. So nearly every token is read once an epoch. Melis et al. 2018, "On the state of the art of
 * evaluation in neural language models", section 5, reset states with such a probability.
 *
 * The unknown token, where no token of the text is unknown, takes the place of one that stands there `n` times with
 * probability `1 / (1 + n)` as an input, so that it has a meaning when a prompt has it (Kiperwasser and Goldberg 2016,
 * "Simple and accurate dependency parsing using bidirectional LSTM feature representations", section 3).
 */
export class TrainingWindows {
  /** Windows of an epoch. */
  readonly length: number;
  readonly batchSize: number;
  readonly timesteps: number;
  readonly #streamLength: number;
  readonly #starts: Int32Array;

  /** By token: how likely the unknown one takes its place; undefined where it never does. */
  readonly #rarity: Float64Array | undefined;
  readonly #unknownId: number;

  readonly #tokens: Int32Array;

  /** @param tokens at least `batchSize * timesteps + 1`; kept, not copied. */
  constructor(tokens: Int32Array, { batchSize, timesteps, starts, unknownId }: TrainingWindowsOptions) {
    this.#tokens = tokens;
    requireCount('TrainingWindows', 'batchSize', batchSize);
    requireCount('TrainingWindows', 'timesteps', timesteps);
    this.batchSize = batchSize;
    this.timesteps = timesteps;
    this.#streamLength = Math.floor((tokens.length - 1) / batchSize);
    this.length = Math.floor(this.#streamLength / timesteps);
    this.#starts = starts;
    this.#unknownId = unknownId ?? -1;
    this.#rarity = unknownId === undefined ? undefined : rarityOf(tokens, unknownId);
  }

  /** The windows of an epoch, before which all states are empty. All that is drawn comes from the given generator. */
  *epoch(random: Random): Generator<TrainingWindow> {
    const { batchSize, timesteps } = this;
    const places = Int32Array.from({ length: batchSize }, (_, row) =>
      this.#beginning(row * this.#streamLength, random),
    );
    for (let index = 0; index < this.length; index++) {
      const window = this.#window(places, random);
      const anewAfter: number[] = [];
      for (let row = 0; row < batchSize; row++) {
        places[row] += timesteps;
        const isBeyond = places[row] + timesteps >= this.#tokens.length;
        if (random.integer(windowsBetweenStarts) !== 0 && !isBeyond) continue;
        places[row] = this.#beginning(isBeyond ? 0 : places[row], random);
        anewAfter.push(row);
      }
      yield { ...window, anewAfter };
    }
  }

  /** Where a row begins that begins anew here: every second one where it is. */
  #beginning(place: number, random: Random): number {
    return random.integer(2) === 0 ? place : this.#nearestStart(place);
  }

  #window(places: Int32Array, random: Random): StreamWindow {
    const { batchSize, timesteps } = this;
    const tokens = this.#tokens;
    const input = new Int32Array(batchSize * timesteps);
    const target = new Int32Array(batchSize * timesteps);
    for (let row = 0; row < batchSize; row++) {
      input.set(tokens.subarray(places[row], places[row] + timesteps), row * timesteps);
      target.set(tokens.subarray(places[row] + 1, places[row] + timesteps + 1), row * timesteps);
    }
    const rarity = this.#rarity;
    if (rarity !== undefined)
      for (let i = 0; i < input.length; i++) if (random.uniform() < rarity[input[i]]) input[i] = this.#unknownId;
    const shape = [batchSize, timesteps];
    return { input: { data: input, shape }, target: { data: target, shape: [...shape] } };
  }

  /** The beginning next to a place that leaves room for a window; the place itself where none is near. */
  #nearestStart(place: number): number {
    const starts = this.#starts;
    let [low, high] = [0, starts.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (starts[middle] < place) low = middle + 1;
      else high = middle;
    }
    let nearest = place;
    let distance = this.timesteps + 1;
    for (const start of starts.subarray(Math.max(0, low - 1), low + 1)) {
      if (Math.abs(start - place) >= distance || start + this.timesteps >= this.#tokens.length) continue;
      nearest = start;
      distance = Math.abs(start - place);
    }
    return nearest;
  }
}

/** `1 / (1 + count)` by token; undefined where the text has unknown tokens of its own. */
function rarityOf(tokens: Int32Array, unknownId: number): Float64Array | undefined {
  const counts = new Map<number, number>();
  let largest = unknownId;
  for (const token of tokens) {
    counts.set(token, (counts.get(token) ?? 0) + 1);
    if (token > largest) largest = token;
  }
  return counts.has(unknownId)
    ? undefined
    : Float64Array.from({ length: largest + 1 }, (_, token) => 1 / (1 + (counts.get(token) ?? 0)));
}
