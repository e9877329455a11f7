import { requireRate } from '../cells/define-cell.js';
import { cellNamed } from '../cells/registry.js';
import { requireCount, requireNumber } from '../errors.js';
import { Dropout } from '../layers/dropout.js';
import type { Layer } from '../layers/layer.js';
import { RNN } from '../layers/rnn.js';
import type { Resolved } from '../resolved.js';

/** The options that every task has: which recurrent network, and how it is trained. */
export interface RecurrentTaskOptions {
  /** Name of a cell. */
  cell?: string | undefined;
  /** Width of each recurrent layer. */
  units?: number | undefined;
  /** Recurrent layers above each other. Default 1. */
  layers?: number | undefined;
  /** Share of values dropped after each recurrent layer while training. Default 0. */
  dropout?: number | undefined;
  /** Passes over the training data. */
  epochs?: number | undefined;
  /** Sequences computed together. */
  batchSize?: number | undefined;
  /** Steps of one training sequence. */
  timesteps?: number | undefined;
  /** The largest learning rate: it rises to it in the first steps and falls along a cosine to 0. */
  learningRate?: number | undefined;
}

/** Names of {@link RecurrentTaskOptions}, for refusing others. */
export const recurrentTaskOptionNames = [
  'cell',
  'units',
  'layers',
  'dropout',
  'epochs',
  'batchSize',
  'timesteps',
  'learningRate',
] as const;

/** @throws UNKNOWN_NAME, OUT_OF_RANGE */
export function requireRecurrentOptions(where: string, options: Readonly<Resolved<RecurrentTaskOptions>>): void {
  cellNamed(options.cell, where);
  for (const name of ['units', 'layers', 'epochs', 'batchSize', 'timesteps'] as const)
    requireCount(where, name, options[name]);
  requireRate(where, 'dropout', options.dropout);
  requireNumber(where, 'learningRate', options.learningRate, 'a number above 0', (value) => value > 0);
}

/** Recurrent layers of one width, each followed by dropout where there is any. */
export function recurrentStack(
  {
    cell,
    units,
    layers,
    dropout,
  }: Readonly<Pick<Resolved<RecurrentTaskOptions>, 'cell' | 'units' | 'layers' | 'dropout'>>,
  { stateful, returnSequences }: { stateful: boolean; returnSequences: boolean },
): Layer[] {
  return Array.from({ length: layers }, (_, i) => {
    const recurrent = new RNN({ cell, units, stateful, returnSequences: returnSequences || i < layers - 1 });
    return dropout > 0 ? [recurrent, new Dropout({ rate: dropout })] : [recurrent];
  }).flat();
}
