import { libraryCells, RondoError, unknownName } from '../src/index.js';

/** One thing to time: a stack of equal recurrent layers over a batch of random sequences. */
export interface BenchCase {
  readonly name: string;
  /** Name of a registered cell. */
  readonly cell: string;
  /**
   * `train`: forward, backward with the input's gradient, Adam step, for the mean squared error of the whole output
   * sequence. `infer`: forward; with one time step, a streaming step that carries its state.
   */
  readonly mode: 'train' | 'infer';
  readonly batch: number;
  readonly timesteps: number;
  readonly features: number;
  readonly units: number;
  readonly layers: number;
}

type Sizes = Omit<BenchCase, 'name' | 'cell' | 'mode'>;

/** The size of the headline, and of the rows that every cell has. */
const usual: Sizes = { batch: 32, timesteps: 100, features: 64, units: 128, layers: 1 };

/** Two layers of 200 on sequences of 35: the small model of Zaremba et al. 2014, "Recurrent neural network regularization". */
const pennTreebankSmall: Sizes = { batch: 20, timesteps: 35, features: 200, units: 200, layers: 2 };

/** One sequence, one step: what a stream asks for at every new value. */
const streaming: Sizes = { batch: 1, timesteps: 1, features: 64, units: 128, layers: 1 };

/** One value a step and few units, as forecasts of one series have: overhead counts more than products. */
const narrow: Sizes = { batch: 32, timesteps: 100, features: 1, units: 32, layers: 1 };

/** Weights too large for the second-level cache of most processors. */
const wide: Sizes = { batch: 32, timesteps: 32, features: 512, units: 512, layers: 1 };

/** One long sequence: every product of a step is a matrix by a vector. */
const single: Sizes = { batch: 1, timesteps: 128, features: 256, units: 256, layers: 1 };

const sized: readonly BenchCase[] = [
  { name: 'lstm-ptb-small-train', cell: 'lstm', mode: 'train', ...pennTreebankSmall },
  { name: 'lstm-ptb-small-infer', cell: 'lstm', mode: 'infer', ...pennTreebankSmall },
  { name: 'lstm-narrow-train', cell: 'lstm', mode: 'train', ...narrow },
  { name: 'gru-narrow-train', cell: 'gru', mode: 'train', ...narrow },
  { name: 'lstm-wide-train', cell: 'lstm', mode: 'train', ...wide },
  { name: 'lstm-single-train', cell: 'lstm', mode: 'train', ...single },
  { name: 'lstm-single-infer', cell: 'lstm', mode: 'infer', ...single },
  { name: 'lstm-step', cell: 'lstm', mode: 'infer', ...streaming },
  { name: 'gru-step', cell: 'gru', mode: 'infer', ...streaming },
  { name: 'minGRU-step', cell: 'minGRU', mode: 'infer', ...streaming },
];

/** Every case; each cell of the library has two rows, so a new cell is timed without a change here. */
export const benchCases: readonly BenchCase[] = [
  ...libraryCells.flatMap(({ name }): BenchCase[] => [
    { name: `${name}-train`, cell: name, mode: 'train', ...usual },
    { name: `${name}-infer`, cell: name, mode: 'infer', ...usual },
  ]),
  ...sized,
];

/** The case that the headline figures are about. */
export const headlineCase = 'lstm-train';

/** The case of a name. @throws UNKNOWN_NAME with the nearest names. */
export function caseNamed(name: string, where: string): BenchCase {
  const found = benchCases.find((candidate) => candidate.name === name);
  if (found === undefined) throw unknownName(where, 'case', name, benchCases.map((known) => known.name));
  return found;
}

/** Whether a case is a step of a stream, which keeps its state from call to call. */
export function isStreaming({ mode, timesteps }: BenchCase): boolean {
  return mode === 'infer' && timesteps === 1;
}

/** Floating-point operations of the matrix products in one run; a backward pass costs twice its forward pass. */
export function operationsOf({ cell, mode, batch, timesteps, features, units, layers }: BenchCase): number {
  const definition = libraryCells.find(({ name }) => name === cell);
  if (definition === undefined) throw new RondoError('INTERNAL', { where: 'operationsOf', what: `no cell \`${cell}\`.` });
  const recurrentWidth = definition.recurrent === 'none' ? 0 : units;
  let perToken = 0;
  for (let layer = 0; layer < layers; layer++) perToken += 2 * definition.gates.length * units * ((layer === 0 ? features : units) + recurrentWidth);
  return perToken * batch * timesteps * (mode === 'train' ? 3 : 1);
}
