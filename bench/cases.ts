import { type Cell, type CellName, cellNamed, libraryCells, unknownName } from '../src/index.js';

/** One thing to time: a stack of equal recurrent layers over a batch of random sequences. */
export interface BenchCase {
  readonly name: string;
  /** Name of a registered cell. */
  readonly cell: CellName;
  /**
   * `train`: forward, backward with the input's gradient, Adam step, for the mean squared error of the whole output
   * sequence, or the cross-entropy where there are words. `infer`: forward; with one time step, a streaming step that
   * carries its state.
   */
  readonly mode: 'train' | 'infer';
  readonly batch: number;
  readonly timesteps: number;
  readonly features: number;
  readonly units: number;
  readonly layers: number;
  /** Each layer runs in both directions of time and joins the outputs. */
  readonly bidirectional?: boolean;
  /** The sequences have lengths spread evenly from this to `timesteps` and are padded at their end with zeros. */
  readonly shortestLength?: number;
  /**
   * Size of a vocabulary whose next word a dense layer and a softmax tell at every step. The input counts as embedded
   * already.
   */
  readonly numWords?: number;
}

type Sizes = Omit<BenchCase, 'name' | 'cell' | 'mode'>;

/** The size of the headline, and of the rows that every cell has. */
const usual: Sizes = { batch: 32, timesteps: 100, features: 64, units: 128, layers: 1 };

/** The sizes that the LSTM and the GRU are timed at, for training and inference, besides the usual one. */
const sizesByName: Readonly<Record<string, Sizes>> = {
  /** One value a step and few units, as forecasts of one series have: overhead counts more than products. */
  narrow: { batch: 32, timesteps: 100, features: 1, units: 32, layers: 1 },
  small: { batch: 32, timesteps: 100, features: 32, units: 64, layers: 1 },
  short: { batch: 32, timesteps: 64, features: 32, units: 128, layers: 1 },
  medium: { batch: 32, timesteps: 100, features: 128, units: 256, layers: 1 },
  large: { batch: 32, timesteps: 50, features: 256, units: 512, layers: 1 },
  /** Weights larger than the second-level cache of most processors. */
  wide: { batch: 16, timesteps: 32, features: 512, units: 1024, layers: 1 },
  /**
   * Zaremba et al. 2014, "Recurrent neural network regularization": the small model, with its softmax over 10,000
   * words.
   */
  'ptb-small': { batch: 20, timesteps: 35, features: 200, units: 200, layers: 2, numWords: 10_000 },
  /** The recurrent layers of the medium model of the same paper, alone. */
  'ptb-medium': { batch: 20, timesteps: 35, features: 650, units: 650, layers: 2 },
  deep: { batch: 32, timesteps: 64, features: 256, units: 256, layers: 2 },
  /** One sequence: every product of a step is a matrix by a vector. */
  single: { batch: 1, timesteps: 100, features: 64, units: 128, layers: 1 },
  bidirectional: { ...usual, bidirectional: true },
  padded: { batch: 64, timesteps: 200, features: 64, units: 128, layers: 1, shortestLength: 10 },
};

/** What `lstm-NAME-train` and its like can be named. */
export const sizeNames: readonly string[] = Object.keys(sizesByName);

/** Sequences whose cell needs no product along time. */
const long: Sizes = { batch: 8, timesteps: 512, features: 64, units: 256, layers: 1 };

/** One sequence, one step: what a stream asks for at every new value. */
const streaming: Sizes = { batch: 1, timesteps: 1, features: 64, units: 128, layers: 1 };

/** A training case and an inference case. */
function bothModes(name: string, cell: CellName, sizes: Sizes): BenchCase[] {
  return (['train', 'infer'] as const).map((mode) => ({ name: `${name}-${mode}`, cell, mode, ...sizes }));
}

const sized: readonly BenchCase[] = [
  ...Object.entries(sizesByName).flatMap(([size, sizes]) =>
    (['lstm', 'gru'] as const).flatMap((cell) => bothModes(`${cell}-${size}`, cell, sizes)),
  ),
  ...bothModes('minGRU-512', 'minGRU', long),
  ...bothModes('minGRU-4096', 'minGRU', { ...long, timesteps: 4096 }),
  ...(['lstm', 'gru', 'minGRU'] as const).map(
    (cell): BenchCase => ({ name: `${cell}-step`, cell, mode: 'infer', ...streaming }),
  ),
  ...(['lstm', 'gru'] as const).map(
    (cell): BenchCase => ({ name: `${cell}-medium-step`, cell, mode: 'infer', ...streaming, units: 256 }),
  ),
  ...(['lstm', 'gru'] as const).map(
    (cell): BenchCase => ({ name: `${cell}-wide-step`, cell, mode: 'infer', ...streaming, units: 512 }),
  ),
];

/** Every case; each cell of the library has two rows, so a new cell is timed without a change here. */
export const benchCases: readonly BenchCase[] = [
  ...libraryCells.flatMap(({ name }) => bothModes(name, name, usual)),
  ...sized,
];

/** The case that the headline figures are about. */
export const headlineCase = 'lstm-train';

/** The case of a name. @throws UNKNOWN_NAME with the nearest names. */
export function caseNamed(name: string, where: string): BenchCase {
  const found = benchCases.find((candidate) => candidate.name === name);
  if (found === undefined)
    throw unknownName(
      where,
      'case',
      name,
      benchCases.map((known) => known.name),
    );
  return found;
}

/** Whether a case is a step of a stream, which keeps its state from call to call. */
export function isStreaming({ mode, timesteps }: BenchCase): boolean {
  return mode === 'infer' && timesteps === 1;
}

/** How many steps of each sequence count, longest and shortest included; undefined where all do. */
export function lengthsOf({ batch, timesteps, shortestLength }: BenchCase): number[] | undefined {
  if (shortestLength === undefined) return undefined;
  const steps = Math.max(1, batch - 1);
  const sorted = Array.from({ length: batch }, (_, i) =>
    Math.round(timesteps - ((timesteps - shortestLength) * i) / steps),
  );
  // A step of the golden ratio scatters them, so that nothing gains from an order that real data does not have.
  return Array.from({ length: batch }, (_, i) => i)
    .sort((a, b) => ((a * 0.6180339887) % 1) - ((b * 0.6180339887) % 1))
    .map((i) => sorted[i]);
}

/** Steps of all sequences that count. */
export function numTokensOf(benchCase: BenchCase): number {
  return lengthsOf(benchCase)?.reduce((sum, length) => sum + length, 0) ?? benchCase.batch * benchCase.timesteps;
}

function cellOf({ cell }: BenchCase): Cell {
  return cellNamed(cell, 'cases');
}

function widthOf(benchCase: BenchCase, name: string): number {
  return cellOf(benchCase).widths[name]?.(benchCase.units) ?? benchCase.units;
}

/** How many numbers a layer gives at a step, both directions together. */
export function outputWidthOf(benchCase: BenchCase): number {
  return widthOf(benchCase, cellOf(benchCase).outputWidth) * (benchCase.bidirectional === true ? 2 : 1);
}

/** Floating-point operations of the matrix products in one run; a backward pass costs twice its forward pass. */
export function operationsOf(benchCase: BenchCase): number {
  const { mode, features, units, layers, bidirectional = false, numWords = 0 } = benchCase;
  const { gates, recurrent, recurrentWidth, kernels } = cellOf(benchCase);
  const width = (name: string): number => widthOf(benchCase, name);
  const multiplied = recurrent === 'none' ? 0 : width(recurrentWidth);
  const directions = bidirectional ? 2 : 1;
  const outputWidth = outputWidthOf(benchCase);
  const ownKernels = Object.values(kernels).reduce((sum, { from, to }) => sum + width(from) * width(to), 0);
  let perToken = 2 * outputWidth * numWords;
  for (let layer = 0; layer < layers; layer++) {
    const read = layer === 0 ? features : outputWidth;
    perToken += directions * 2 * (gates.length * units * (read + multiplied) + ownKernels);
  }
  return perToken * numTokensOf(benchCase) * (mode === 'train' ? 3 : 1);
}
