import type { Tensor } from '../../tensor/tensor.js';
import type { Functional } from '../../training/graph/functional.js';
import type { GraphStream } from '../../training/graph/graph-stream.js';
import { hostIsWaiting, yieldToHost } from '../../training/yield-to-host.js';
import { paddedIds } from './pair-batches.js';
import { specialIds } from './sentence-codec.js';
import type { NextAndShares } from './translator-network.js';

/** How hypotheses are ranked. */
export interface BeamScores {
  /** The exponent alpha of {@link lengthPenaltyOf}. */
  readonly lengthPenalty: number;
  /** The factor beta of {@link coveragePenaltyOf}. */
  readonly coveragePenalty: number;
}

/** How targets are searched for. */
export interface BeamSearchSettings extends BeamScores {
  /** Hypotheses that are followed; 1 takes the likeliest token at each step. */
  readonly beams: number;
  /** Which ids are never written, as unknown tokens. */
  readonly isHidden: (id: number) => boolean;
}

/** A sentence to find targets for. */
export interface SearchedSentence {
  /** Ids of the source, without special ones. */
  readonly source: ArrayLike<number>;
  /** Most tokens of a target. */
  readonly limit: number;
  /** Which ids may follow others; undefined where all may. */
  readonly allowed?: ((ids: readonly number[]) => Iterable<number> | undefined) | undefined;
}

/** A target that was found. */
export interface Hypothesis {
  /** Without special ids. */
  readonly ids: readonly number[];
  /** `ln P(target | source)`. */
  readonly logProbability: number;
  /** What hypotheses are ranked by: `logProbability / length penalty + coverage penalty`. */
  readonly score: number;
  /** Whether it ended by itself, and not at the limit. */
  readonly isComplete: boolean;
  /** By id: how much it attended to each of the source. */
  readonly shares: readonly Float32Array[];
}

/**
 * `((5 + n) / 6) ^ alpha` for n tokens, the end counted: keeps short targets from winning for being short. Wu et al.
 * 2016, "Google's neural machine translation system", eq. 14.
 */
export function lengthPenaltyOf(numTokens: number, alpha: number): number {
  return ((5 + numTokens) / 6) ** alpha;
}

/**
 * `beta sum over i of ln(min(sum over j of shares[j][i], 1))`: at most 0, and lower the less of the source a target has
 * attended to. Wu et al. 2016, eq. 14.
 *
 * @param shares by target token: how much it attended to each token of the source.
 */
export function coveragePenaltyOf(shares: readonly ArrayLike<number>[], beta: number): number {
  if (beta === 0 || shares.length === 0) return 0;
  let sum = 0;
  for (let i = 0; i < shares[0].length; i++) {
    const covered = shares.reduce((total, row) => total + row[i], 0);
    sum += Math.log(Math.min(Math.max(covered, Number.MIN_VALUE), 1));
  }
  return beta * sum;
}

/** A hypothesis that is being followed; its place among those of its sentence is its row of the stream. */
interface Beam {
  readonly ids: readonly number[];
  readonly logProbability: number;
  readonly shares: readonly Float32Array[];
  /** The place of the beam that it continues. */
  readonly from: number;
}

/** A beam, by its place, and the id that may follow. */
interface Continuation {
  readonly from: number;
  readonly id: number;
  readonly logProbability: number;
}

/** One sentence of a batch. */
interface Search extends SearchedSentence {
  alive: readonly Beam[];
  found: Hypothesis[];
}

/** What a step gives of all beams. */
type Stepped = Readonly<Record<keyof NextAndShares, Tensor>>;

/** What a step gave for the beams of a sentence. */
interface Step {
  /** P(next id), beam after beam. */
  readonly next: ArrayLike<number>;
  /** By beam and head: how much of each id of the source was attended to. */
  readonly shares: ArrayLike<number>;
  readonly numIds: number;
  readonly numHeads: number;
  /** With padding. */
  readonly numSource: number;
}

/**
 * Finds the best targets of sentences: at each step the likeliest `beams` continuations of each sentence are followed. A
 * sentence is done when it has as many complete targets as beams and no other could score higher, or at its limit.
 */
export class BeamSearch {
  readonly #model: Functional<NextAndShares>;
  readonly #settings: BeamSearchSettings;
  /** One for batches of as many sentences, so that the memory of one is enough. */
  #stream: GraphStream<Stepped> | undefined;

  /** @param model what `withShares` gives. */
  constructor(model: Functional<NextAndShares>, settings: BeamSearchSettings) {
    this.#model = model;
    this.#settings = settings;
  }

  /** By sentence: the targets, the best first. One call after the other. @throws as {@link Functional.stream} */
  async search(sentences: readonly SearchedSentence[]): Promise<Hypothesis[][]> {
    const { beams } = this.#settings;
    const begin: Beam = { ids: [], logProbability: 0, shares: [], from: 0 };
    const searches = sentences.map((sentence): Search => ({ ...sentence, alive: [begin], found: [] }));
    const sources = paddedIds(
      sentences.flatMap(({ source }) => new Array<number[]>(beams).fill([...Array.from(source), specialIds.end])),
    );
    const [numRows, numSource] = sources.shape;
    const stream = this.#begun(sources);
    const ids = new Int32Array(numRows).fill(specialIds.begin);
    const rows = Int32Array.from(ids, (_, row) => row);
    for (let step = 1; searches.some(({ alive }) => alive.length > 0); step++) {
      if (step > 1) stream.takeRows(rows);
      const { next, shares } = await stream.stepAsync(ids);
      const numIds = next.length / numRows;
      const numHeads = shares.length / (numRows * numSource);
      for (const [s, search] of searches.entries()) {
        const [first, end] = [s * beams, (s + 1) * beams];
        const own = {
          next: next.subarray(first * numIds, end * numIds),
          shares: shares.subarray(first * numHeads * numSource, end * numHeads * numSource),
        };
        advance(search, { ...own, numIds, numHeads, numSource }, step >= search.limit, this.#settings);
        search.alive.forEach((beam, b) => {
          ids[first + b] = beam.ids.at(-1)!;
          rows[first + b] = first + beam.from;
        });
      }
      if (hostIsWaiting()) await yieldToHost();
    }
    return searches.map(({ found }) =>
      found.sort((a, b) => Number(b.isComplete) - Number(a.isComplete) || b.score - a.score).slice(0, beams),
    );
  }

  #begun(source: ReturnType<typeof paddedIds>): GraphStream<Stepped> {
    if (this.#stream?.batchSize === source.shape[0]) this.#stream.reset({ fixed: { source } });
    else this.#stream = this.#model.stream({ fixed: { source } });
    return this.#stream;
  }
}

/** Takes what ends out of the continuations, and follows the best others. */
function advance(search: Search, step: Step, isLast: boolean, settings: BeamSearchSettings): void {
  const { alive, found, source } = search;
  const { beams, lengthPenalty } = settings;
  const attended = alive.map((_, b) => attendedBy(step, b, source.length));
  const beamOf = ({ from, id, logProbability }: Continuation): Beam => ({
    ids: id === specialIds.end ? alive[from].ids : [...alive[from].ids, id],
    logProbability,
    shares: [...alive[from].shares, attended[from]],
    from,
  });
  const followed: Beam[] = [];
  continuations(search, step, settings).forEach((continuation, rank) => {
    const isEnd = continuation.id === specialIds.end;
    if (isEnd && rank < beams) found.push(hypothesisOf(beamOf(continuation), true, settings));
    else if (!isEnd && followed.length < beams) followed.push(beamOf(continuation));
  });
  search.alive = followed;
  // One beam alone takes the likeliest token at each step, the end too.
  if (beams === 1 && found.length > 0) search.alive = [];
  else if (isLast) {
    for (const beam of followed) found.push(hypothesisOf(beam, false, settings));
    search.alive = [];
  } else if (found.length >= beams && followed.length > 0) {
    const least = found.map(({ score }) => score).sort((a, b) => b - a)[beams - 1];
    // Further tokens lower the sum, the length penalty is largest at the limit, and the other one is 0 at best.
    if (followed[0].logProbability / lengthPenaltyOf(search.limit + 1, lengthPenalty) < least) search.alive = [];
  }
}

/** The likeliest continuations of a sentence, twice as many as are followed: half of them may end. */
function continuations(search: Search, step: Step, { beams, isHidden }: BeamSearchSettings): Continuation[] {
  const { next, numIds } = step;
  const most = 2 * beams;
  const best: Continuation[] = [];
  for (const [from, { ids, logProbability: before }] of search.alive.entries()) {
    const start = from * numIds;
    // Shares up to this come after all of the best: a logarithm of each would take longer than the network.
    let worthless = 0;
    const renew = (): void => {
      if (best.length === most) worthless = Math.exp(best[most - 1].logProbability - before);
    };
    const consider = (id: number, share: number): void => {
      if (share <= worthless || isHidden(id)) return;
      const logProbability = before + Math.log(share);
      const at = best.findIndex((other) => other.logProbability < logProbability);
      best.splice(at < 0 ? best.length : at, 0, { from, id, logProbability });
      if (best.length > most) best.pop();
      renew();
    };
    renew();
    const allowed = search.allowed?.(ids);
    // What alone is allowed is followed however unlikely it is.
    if (allowed !== undefined) for (const id of allowed) consider(id, Math.max(next[start + id], Number.MIN_VALUE));
    else for (let id = specialIds.end; id < numIds; id++) consider(id, next[start + id]);
  }
  return best;
}

/** How much a beam attended to each token of its source, the end left out: the mean of all heads. */
function attendedBy({ shares, numHeads, numSource }: Step, beam: number, length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => {
    let sum = 0;
    for (let head = 0; head < numHeads; head++) sum += shares[(beam * numHeads + head) * numSource + i];
    return sum / numHeads;
  });
}

function hypothesisOf({ ids, logProbability, shares }: Beam, isComplete: boolean, scores: BeamScores): Hypothesis {
  const { lengthPenalty, coveragePenalty } = scores;
  const numTokens = ids.length + (isComplete ? 1 : 0);
  const score = logProbability / lengthPenaltyOf(numTokens, lengthPenalty) + coveragePenaltyOf(shares, coveragePenalty);
  return { ids, logProbability, score, isComplete, shares };
}
