import type { Cell } from '../cells/cell.js';
import { chrono } from '../layers/chrono.js';
import { Concatenate } from '../layers/concatenate.js';
import { Cropping1D } from '../layers/cropping-1d.js';
import { Dense } from '../layers/dense.js';
import { Flatten } from '../layers/flatten.js';
import { MultiHeadAttention } from '../layers/multi-head-attention.js';
import { RNN, type RNNOptions } from '../layers/rnn.js';
import { input, type SymbolicTensor } from '../layers/symbolic-tensor.js';
import { hasUseFor } from '../layers/unused-options.js';
import { ZeroPadding1D } from '../layers/zero-padding-1d.js';
import { Functional } from '../training/graph/functional.js';
import type { Model } from '../training/model.js';
import { keepingGates } from './keeping-gates.js';
import type { LongMemoryProblem } from './problem.js';

/** What is compared on a problem. */
export interface MemoryModelOptions {
  readonly cell: Cell;
  /** Whether answers also attend to the outputs of all steps. */
  readonly attention: boolean;
  readonly units: number;
  /** Recurrent layers, one above the other. */
  readonly layers: number;
}

/**
 * Options of a recurrent layer that is to remember over so many steps: biases by {@link chrono} for the gates that keep
 * or replace the state, as the equations of its cell say.
 */
export function longMemoryOptions(
  cell: Cell,
  timesteps: number,
): Pick<RNNOptions, 'biasInitializer' | 'unitForgetBias'> {
  const { keep, replace } = keepingGates(cell);
  if (keep.length + replace.length === 0) return {};
  // By default chrono also closes an input gate, which is right where that is no part of what is kept.
  const inputGates = replace.length > 0 || !cell.gates.includes('input') ? replace : undefined;
  return {
    biasInitializer: chrono({ maxTimesteps: Math.max(3, timesteps), forgetGates: keep, inputGates }),
    ...(hasUseFor(cell, 'unitForgetBias') && { unitForgetBias: false }),
  };
}

/**
 * Recurrent layers and one dense layer that answers; with attention, one head whose queries are the steps whose answers
 * need memory, and what they attend to stands beside them. Gates start so that states last as long as the problem only
 * where nothing is attended to: slow states look alike at neighbouring steps, which attention has to tell apart.
 */
export function memoryModel(
  { timesteps, features, outputs, scoredSteps, answerSteps, loss }: LongMemoryProblem,
  { cell, attention, units, layers }: MemoryModelOptions,
): Model {
  const isAtLast = scoredSteps === 1;
  const shown = input({ shape: [timesteps, features] });
  let steps: SymbolicTensor = shown;
  for (let layer = 0; layer < layers; layer++) {
    const isTop = layer === layers - 1;
    const returnSequences = !isTop || attention || !isAtLast;
    const gates = attention ? {} : longMemoryOptions(cell, timesteps);
    steps = new RNN({ cell, units, returnSequences, ...gates }).apply(steps);
  }
  const last = (count: number): SymbolicTensor =>
    count === timesteps ? steps : new Cropping1D({ cropping: [timesteps - count, 0] }).apply(steps);
  let answered = !attention && isAtLast ? steps : last(scoredSteps);
  if (attention) {
    const attend = new MultiHeadAttention({ numHeads: 1, keyDim: units, useCausalMask: answerSteps === timesteps });
    const attended = attend.apply([last(answerSteps), steps]);
    // Steps whose answers need no memory attend to nothing.
    const padding = new ZeroPadding1D({ padding: [scoredSteps - answerSteps, 0] });
    answered = new Concatenate().apply([answered, padding.apply(attended)]);
    if (isAtLast) answered = new Flatten().apply(answered);
  }
  const activation = loss === 'meanSquaredError' ? 'linear' : 'softmax';
  return new Functional({ inputs: shown, outputs: new Dense({ units: outputs, activation }).apply(answered) });
}
