import { RondoError, requireNumber } from '../../errors.js';
import { hostIsWaiting, yieldToHost } from '../../training/yield-to-host.js';
import type { TokenConstraint } from './token-constraint.js';

/** What a model gives for a step of rows of texts. */
export interface DecodedStep {
  /** P(next token), row after row. */
  readonly next: ArrayLike<number>;
  /** How much a row attended to each token of its source. */
  readonly attendedBy?: ((row: number) => Float32Array) | undefined;
}

/** A model that writes texts side by side, each in a row with a state of its own. */
export interface Decoder {
  /** Every row takes a token; its numbers are read before the next call. */
  step(tokens: Int32Array): Promise<DecodedStep> | DecodedStep;
  /**
   * Lets row i go on from the state of row `from[i]`.
   *
   * @param isOther whether rows are of other texts than before, or there is another number of them.
   */
  arrange(from: Int32Array, isOther: boolean): void;
}

/** A decoder that holds memory. */
export interface HeldDecoder extends Decoder {
  /** Gives it back; no step may follow. */
  end(): void;
}

/** How texts are searched for. */
export interface BeamSearchSettings {
  /** Hypotheses that are followed; 1 takes the likeliest token at each step. */
  readonly beams: number;
  /** The token that texts begin behind. */
  readonly begin: number;
  /** What `ln P` of so many tokens is divided by, growing with their number. */
  readonly lengthPenalty: (numTokens: number) => number;
  /** The factor of {@link coveragePenaltyOf}. Default 0. */
  readonly coveragePenalty?: number | undefined;
  /** Tokens that are never written. */
  readonly never: { has(token: number): boolean };
  /** Whether a text is complete; so it is where its constraint is done. */
  readonly isComplete: (tokens: readonly number[]) => boolean;
  /** Complete texts to look for. Default `beams`. */
  readonly numComplete?: number | undefined;
}

/** Beams that a search may have: each is a row of the model with states of its own. */
const mostBeams = 1000;

/** @throws OUT_OF_RANGE for more rows than a search may have, or none; `name` is the option that says so */
export function requireBeams(where: string, name: string, beams: number): void {
  requireNumber(
    where,
    name,
    beams,
    `a whole number from 1 to ${mostBeams}`,
    (value) => Number.isInteger(value) && value >= 1 && value <= mostBeams,
  );
}

/** A text to search for. */
export interface SearchedText {
  /** Most tokens. */
  readonly limit: number;
  readonly constraint?: TokenConstraint | undefined;
  /**
   * Draws a token; `beams` texts are then drawn, each by itself, instead of searched for.
   *
   * @param scores `ln P(token)`, of which those that may not be written are in `never`.
   */
  readonly draw?: ((scores: Float64Array, never: { has(token: number): boolean }) => number) | undefined;
}

/** A text that was found. */
export interface Hypothesis {
  /** With the one that completes it. */
  readonly tokens: readonly number[];
  /** `ln P(tokens)`. */
  readonly logProbability: number;
  /** What hypotheses are ranked by: `logProbability / length penalty + coverage penalty`. */
  readonly score: number;
  /** Whether it ended by itself, and not at the limit. */
  readonly isComplete: boolean;
  /** By token: how much it attended to each of the source. */
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

/** A hypothesis that is being followed. */
interface Beam extends Pick<Hypothesis, 'tokens' | 'logProbability' | 'shares'> {
  readonly constraint: TokenConstraint | undefined;
  /** The place of the one that it continues, among those of its text. */
  readonly from: number;
}

/** One text of those that are searched for side by side. */
interface Search extends Pick<SearchedText, 'limit' | 'draw'> {
  alive: readonly Beam[];
  readonly found: Hypothesis[];
}

/** Finished texts leave when they are a quarter of all and at least so many rows: other rows have to be worked out anew. */
const fewestRows = 8;

/**
 * Finds the best texts: at each step the likeliest `beams` continuations of each text are followed. A search is done when
 * as many complete ones are found as are looked for and no other could score higher, or at its limit. Graves 2012,
 * "Sequence transduction with recurrent neural networks", section 2.5.
 *
 * @param decoder of one row a text, which is as far as the token that texts begin behind. @returns by text: hypotheses,
 *   complete ones first, then by score. @throws NOT_FINITE for probabilities that are not; USAGE where nothing may be
 *   written
 */
export async function beamSearch(
  texts: readonly SearchedText[],
  decoder: Decoder,
  settings: BeamSearchSettings,
): Promise<Hypothesis[][]> {
  const { beams, begin } = settings;
  const searches = texts.map(({ limit, constraint, draw }): Search => {
    const start: Beam = { tokens: [], logProbability: 0, shares: [], constraint, from: 0 };
    return limit > 0
      ? { limit, draw, alive: [start], found: [] }
      : { limit, draw, alive: [], found: [hypothesisOf(start, false, settings)] };
  });
  let rows: readonly Search[] = searches.filter(({ alive }) => alive.length > 0);
  let width = 1;
  let tokens = new Int32Array(rows.length).fill(begin);
  for (let step = 1; rows.length > 0; step++) {
    const stepped = await decoder.step(tokens);
    for (const [place, search] of rows.entries()) advance(search, stepped, [place, width, rows.length], step, settings);
    const left = rows.filter(({ alive }) => alive.length > 0);
    const numDone = rows.length - left.length;
    const leave = width < beams || (4 * numDone >= rows.length && numDone * width >= fewestRows) || left.length === 0;
    const places = new Map(rows.map((search, place) => [search, place]));
    const [next, isOther] = leave ? [left, width < beams || numDone > 0] : [rows, false];
    const from = new Int32Array(next.length * beams);
    tokens = from.slice().fill(begin);
    for (const [at, search] of next.entries())
      for (let b = 0; b < beams; b++) {
        const beam = search.alive.at(Math.min(b, search.alive.length - 1));
        from[at * beams + b] = places.get(search)! * width + (beam?.from ?? 0);
        tokens[at * beams + b] = beam?.tokens.at(-1) ?? begin;
      }
    [rows, width] = [next, beams];
    if (rows.length > 0 && (isOther || from.some((row, i) => row !== i))) decoder.arrange(from, isOther);
    if (hostIsWaiting()) await yieldToHost();
  }
  return searches.map(({ found }) =>
    found.sort((a, b) => Number(b.isComplete) - Number(a.isComplete) || b.score - a.score).slice(0, beams),
  );
}

/** Takes what is complete out of the continuations, and follows the best others. */
function advance(
  search: Search,
  step: DecodedStep,
  [place, width, numTexts]: readonly [place: number, width: number, numTexts: number],
  numTokens: number,
  settings: BeamSearchSettings,
): void {
  const { alive, found, limit, draw } = search;
  if (alive.length === 0) return;
  const { beams, numComplete = beams, lengthPenalty } = settings;
  const numIds = step.next.length / (numTexts * width);
  const first = place * width;
  const attended = alive.map((_, b) => step.attendedBy?.(first + b));
  const followed: Beam[] = [];
  const rows = { next: step.next, first, numIds };
  const best = draw === undefined ? continuations(alive, rows, settings) : drawn(search, draw, rows, settings);
  for (const [rank, { from, token, logProbability }] of best.entries()) {
    const before = alive[from];
    const shares = attended[from];
    const beam: Beam = {
      tokens: [...before.tokens, token],
      logProbability,
      shares: shares === undefined ? [] : [...before.shares, shares],
      constraint: before.constraint?.after(token),
      from,
    };
    if (beam.constraint?.isDone !== true && !settings.isComplete(beam.tokens)) {
      if (followed.length < beams) followed.push(beam);
    } else if (rank < beams) found.push(hypothesisOf(beam, true, settings));
  }
  search.alive = followed;
  if (followed.length === 0 && found.length === 0) throw nothingMayFollow(alive[0].tokens.length);
  // One beam alone takes the likeliest token at each step, the last one too.
  if (beams === 1 && found.length > 0) search.alive = [];
  else if (numTokens >= limit) {
    for (const beam of followed) found.push(hypothesisOf(beam, false, settings));
    search.alive = [];
  } else if (found.length >= numComplete && followed.length > 0) {
    const least = found.map(({ score }) => score).sort((a, b) => b - a)[numComplete - 1];
    // Further tokens lower the sum, the length penalty is largest at the limit, and the other one is 0 at best.
    if (followed[0].logProbability / lengthPenalty(limit) < least) search.alive = [];
  }
}

/** What each text goes on with, drawn; at the beginning all have the same row. */
function drawn(
  { alive }: Search,
  draw: NonNullable<SearchedText['draw']>,
  { next, first, numIds }: Rows,
  { beams, never }: BeamSearchSettings,
): Continuation[] {
  return alive.flatMap(({ tokens, constraint, logProbability: before }, from) => {
    const start = (first + from) * numIds;
    const least = constraint === undefined ? 0 : Number.MIN_VALUE;
    const scores = Float64Array.from({ length: numIds }, (_, token) => Math.log(Math.max(next[start + token], least)));
    const hidden = { has: (token: number) => never.has(token) || constraint?.allows(token) === false };
    return Array.from({ length: tokens.length === 0 ? beams : 1 }, () => {
      const token = draw(scores, hidden);
      return { from, token, logProbability: before + scores[token] };
    });
  });
}

/** A beam, by its place, and the token that may follow. */
interface Continuation {
  readonly from: number;
  readonly token: number;
  readonly logProbability: number;
}

/** P(next token) of the rows of a text, which begin at one of them. */
interface Rows {
  readonly next: ArrayLike<number>;
  readonly first: number;
  readonly numIds: number;
}

/** The likeliest continuations of a text, twice as many as are followed: half of them may be complete. */
function continuations(
  alive: readonly Beam[],
  { next, first, numIds }: Rows,
  { beams, never }: BeamSearchSettings,
): Continuation[] {
  const most = 2 * beams;
  const best: Continuation[] = [];
  for (const [from, { constraint, logProbability: before }] of alive.entries()) {
    const start = (first + from) * numIds;
    // What alone is allowed is followed however unlikely it is.
    const least = constraint === undefined ? 0 : Number.MIN_VALUE;
    let worthless = worthlessShare(best, most, before, least);
    for (let token = 0; token < numIds; token++) {
      const share = next[start + token];
      if (share <= worthless) continue;
      if (!Number.isFinite(share)) throw notFinite(share);
      if (never.has(token) || constraint?.allows(token) === false) continue;
      takeIn(best, most, { from, token, logProbability: before + Math.log(Math.max(share, least)) });
      worthless = worthlessShare(best, most, before, least);
    }
  }
  return best;
}

/** Shares up to this come after all of the best: a logarithm of each would take longer than the network. */
function worthlessShare(best: readonly Continuation[], most: number, before: number, least: number): number {
  const share = best.length === most ? Math.exp(best[most - 1].logProbability - before) : 0;
  return share > 0 || least === 0 ? share : -1;
}

/** Puts a continuation behind those that are as likely. (A function by itself: one within the loop slows every token.) */
function takeIn(best: Continuation[], most: number, continuation: Continuation): void {
  let at = best.length;
  while (at > 0 && best[at - 1].logProbability < continuation.logProbability) at--;
  if (at === most) return;
  best.splice(at, 0, continuation);
  if (best.length > most) best.pop();
}

function notFinite(share: number): RondoError {
  return new RondoError('NOT_FINITE', {
    where: 'beamSearch',
    what: 'the probabilities of the next token are not finite.',
    expected: 'a number from 0 to 1 for each token',
    received: String(share),
    fix: 'train the model again with a smaller learning rate.',
  });
}

function nothingMayFollow(numTokens: number): RondoError {
  return new RondoError('USAGE', {
    where: 'beamSearch',
    what: 'no token may be written any more, and no text is complete.',
    expected: 'a token that the model gives a probability and that is allowed',
    received: `none behind ${numTokens} tokens`,
    fix: 'ask for another form or beginning of the text.',
  });
}

function hypothesisOf(
  { tokens, logProbability, shares }: Beam,
  isComplete: boolean,
  { lengthPenalty, coveragePenalty = 0 }: BeamSearchSettings,
): Hypothesis {
  const score = logProbability / lengthPenalty(tokens.length) + coveragePenaltyOf(shares, coveragePenalty);
  return { tokens, logProbability, score, isComplete, shares };
}
