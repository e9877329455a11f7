import { RondoError } from '../../errors.js';
import { assignTensor } from '../../tensor/accumulate.js';
import { gatherInto } from '../../tensor/gather.js';
import { scope, tensor, Variable } from '../../tensor/tensor.js';
import type { Sequential } from '../../training/sequential.js';
import { layersBelow } from '../../training/snapshot.js';
import { hostIsWaiting, yieldToHost } from '../../training/yield-to-host.js';
import { TextReader } from '../language-model/text-reader.js';
import { logSoftmax } from './log-softmax.js';
import type { TokenConstraint } from './poem-form.js';
import { penalised, type RepetitionOptions } from './repetition.js';

export interface BeamSearchOptions extends RepetitionOptions {
  readonly beams: number;
  /** Most tokens to write. */
  readonly length: number;
  readonly never: { has(token: number): boolean };
  readonly constraint?: TokenConstraint | undefined;
  /** Whether a continuation is complete. */
  isComplete(tokens: readonly number[]): boolean;
}

/** A continuation that is being followed. */
interface Beam {
  readonly tokens: readonly number[];
  /** Sum of `ln P` of its tokens. */
  readonly score: number;
  readonly constraint: TokenConstraint | undefined;
  /** The row of the model's state it goes on from. */
  readonly row: number;
}

/**
 * The likeliest continuation of a text among those that stay in a beam: at each step the best `beams` continuations are
 * followed, and of the complete ones the one with the largest mean of `ln P` is taken. The mean keeps short ones from
 * winning for being short (Graves 2012, "Sequence transduction with recurrent neural networks", section 2.5; the
 * normalisation is that of Wu et al. 2016, eq. 14, with an exponent of 1).
 *
 * @throws as `TextReader`
 */
export async function beamSearch(
  model: Sequential,
  start: Int32Array,
  options: BeamSearchOptions,
): Promise<readonly number[]> {
  const { beams, length } = options;
  const first = await new TextReader(model).next(start);
  const states = spreadStates(model, beams);
  let alive: Beam[] = [{ tokens: [], score: 0, constraint: options.constraint, row: 0 }];
  let rows: ArrayLike<number>[] = [first];
  let best: Beam | undefined;
  const mean = ({ tokens, score }: Beam): number => score / Math.max(1, tokens.length);
  for (let step = 0; step < length && alive.length > 0; step++) {
    const candidates = alive
      .flatMap((beam) => continuations(beam, rows[beam.row], start, options))
      .sort((a, b) => b.score - a.score);
    alive = [];
    for (const candidate of candidates) {
      if (alive.length === beams) break;
      const isDone = candidate.constraint?.isDone === true || options.isComplete(candidate.tokens);
      if (!isDone) alive.push(candidate);
      else if (best === undefined || mean(candidate) > mean(best)) best = candidate;
    }
    // A mean can only be beaten by one that is larger already: further tokens lower a sum, and each is at most ln 1 =
    // 0.
    if (best !== undefined && alive.every((beam) => beam.score / length < mean(best!))) break;
    if (step + 1 < length && alive.length > 0) {
      ({ rows, alive } = await advance(model, states, alive, beams));
      if (hostIsWaiting()) await yieldToHost();
    }
  }
  model.resetStates();
  const unfinished = alive.reduce<Beam | undefined>(
    (a, b) => (a === undefined || mean(b) > mean(a) ? b : a),
    undefined,
  );
  const chosen = best ?? unfinished;
  if (chosen === undefined) throw new RondoError('INTERNAL', { where: 'beamSearch', what: 'no continuation is left.' });
  return chosen.tokens;
}

function continuations(beam: Beam, logits: ArrayLike<number>, start: Int32Array, options: BeamSearchOptions): Beam[] {
  const recent = [...start.slice(-(options.repetitionWindow ?? 64)), ...beam.tokens];
  const logProbabilities = logSoftmax(penalised(logits, recent, options));
  const { constraint } = beam;
  const allowed: number[] = [];
  for (let token = 0; token < logits.length; token++)
    if (!options.never.has(token) && constraint?.allows(token) !== false) allowed.push(token);
  return allowed
    .sort((a, b) => logProbabilities[b] - logProbabilities[a] || a - b)
    .slice(0, options.beams + 1)
    .map((token) => ({
      tokens: [...beam.tokens, token],
      score: beam.score + logProbabilities[token],
      constraint: constraint?.after(token),
      row: beam.row,
    }));
}

/** Gives each beam its own row of the carried states, and their first logits after its last token. */
async function advance(
  model: Sequential,
  states: readonly Variable[],
  alive: readonly Beam[],
  beams: number,
): Promise<{ rows: ArrayLike<number>[]; alive: Beam[] }> {
  for (const state of states) {
    const rows = Int32Array.from({ length: beams }, (_, i) => alive[i]?.row ?? i);
    scope(() => assignTensor(state, gatherInto(state.shape, state, state.size / beams, rows)));
  }
  const tokens = Int32Array.from({ length: beams }, (_, i) => alive[Math.min(i, alive.length - 1)].tokens.at(-1)!);
  const logits = await model.apply(tensor(tokens, [beams, 1])).data();
  const width = logits.length / beams;
  return {
    rows: alive.map((_, i) => logits.slice(i * width, (i + 1) * width)),
    alive: alive.map((beam, i) => ({ ...beam, row: i })),
  };
}

/** Repeats the carried states of one sequence for each beam. */
function spreadStates(model: Sequential, beams: number): Variable[] {
  const variables: Variable[] = [];
  for (const [, layer] of layersBelow(model)) {
    const carried = layer.carriedStates();
    if (carried.size === 0) continue;
    layer.setCarriedStates(
      new Map(
        [...carried].map(([name, state]) => [
          name,
          scope(() => gatherInto([beams, ...state.shape.slice(1)], state, state.size, new Int32Array(beams))),
        ]),
      ),
    );
    for (const state of layer.carriedStates().values()) if (state instanceof Variable) variables.push(state);
  }
  return variables;
}
