import { cellNamed, libraryCells } from '../cells/registry.js';
import { count, custom, number, type OptionFacts, rate } from './option-table.js';

/** What a task says of an option that it has in common with others: its default above all. */
type Own<Value, Needs = unknown, Data = unknown> = Partial<OptionFacts<Value, Needs, Data>>;

/** The options that every task has: which recurrent network, and how it is trained. */
export function recurrentOptions<Batches, BatchData, Rates>(own: {
  readonly cell: Own<string>;
  readonly units: Own<number>;
  readonly layers?: Own<number>;
  readonly dropout: Own<number>;
  readonly batchSize: Own<number, Batches, BatchData>;
  readonly timesteps: Own<number>;
  readonly learningRate: Own<number, Rates>;
}) {
  return {
    cell: custom({
      about: 'Recurrent cell.',
      choices: libraryCells.map(({ name }) => name),
      check: (where, name: string) => void cellNamed(name, where),
      ofInitial: 'decided',
      ...own.cell,
    }),
    units: count({ about: 'Width of each recurrent layer.', most: 32_768, ofInitial: 'decided', ...own.units }),
    layers: count({
      about: 'Recurrent layers above each other.',
      default: 1,
      most: 1000,
      ofInitial: 'decided',
      ...own.layers,
    }),
    dropout: rate({
      about: 'Share of values dropped after each recurrent layer while training.',
      ofInitial: 'inherited',
      ...own.dropout,
    }),
    batchSize: count({ about: 'Sequences computed together.', ofInitial: 'inherited', ...own.batchSize }),
    timesteps: count({ about: 'Steps of one training sequence.', ...own.timesteps }),
    learningRate: number({
      about: 'The largest learning rate: it rises to it in the first steps and falls along a cosine to 0.',
      value: 'RATE',
      above: 0,
      ...own.learningRate,
    }),
  };
}
