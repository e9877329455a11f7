import { type CellName, cellNamed, libraryCells } from '../cells/registry.js';
import { roundedFormats } from '../compression/rounding-programs.js';
import { pruningSpan } from '../training/pruning/pruning.js';
import { choice, count, custom, flag, number, type OptionFacts, rate } from './option-table.js';
import { pruneBlockNames } from './pruned-training.js';

/** What a task says of an option that all have: its default above all. */
type Own<Value> = OptionFacts<Value, unknown, unknown>;

/** The options that every task has: which recurrent network, and how it is trained. */
export function recurrentOptions(own: {
  readonly cell: Own<CellName>;
  readonly units: Own<number>;
  readonly layers?: Own<number>;
  readonly dropout: Own<number>;
  readonly batchSize: Own<number>;
  readonly learningRate: Own<number>;
}) {
  return {
    /** Recurrent cell. */
    cell: custom({
      choices: libraryCells.map(({ name }) => name),
      check: (where, name: CellName) => void cellNamed(name, where),
      ofInitial: 'decided',
      ...own.cell,
    }),
    /** Width of each recurrent layer. */
    units: count({ most: 32_768, ofInitial: 'decided', ...own.units }),
    /** Recurrent layers above each other. Default 1; of a translator 2 on each side. */
    layers: count({ default: 1, most: 1000, ofInitial: 'decided', ...own.layers }),
    /** Share of values dropped after each recurrent layer while training. */
    dropout: rate({ ofInitial: 'inherited', ...own.dropout }),
    /** Sequences computed together. */
    batchSize: count({ ofInitial: 'inherited', ...own.batchSize }),
    /** The largest learning rate: it rises to it in the first steps and falls along a cosine to 0. */
    learningRate: number({ value: 'RATE', above: 0, ...own.learningRate }),
    /**
     * Share of the recurrent layers' weights that is made 0 while they train, in blocks that can be left out later; what is
     * left learns on. Default 0. See {@link Pruning}.
     */
    prune: rate({ default: 0, value: 'SHARE', ofInitial: 'inherited' }),
    /** What `prune` makes 0 together: neighbouring outputs of a gate, by neighbouring inputs. Default 16x1. */
    pruneBlock: choice({
      of: pruneBlockNames,
      value: 'BLOCK',
      default: '16x1',
      needs: 'prune',
      ofInitial: 'inherited',
    }),
    /**
     * Share of the planned epochs after which all of `prune` is 0; pruning begins after a quarter of it. Default 0.4. For
     * a model that was trained before, about 0.1 leaves more time to what is left.
     */
    pruneUntil: number({
      above: 0,
      atMost: 1,
      value: 'SHARE',
      default: pruningSpan.to,
      needs: 'prune',
      ofInitial: 'inherited',
    }),
    /**
     * Trains for weights of 8 bits: the second half of training and every validation see them rounded, the file keeps them
     * as they are, and `rondo compress MODEL --int8` gives those that were validated. See {@link QuantizationAware}.
     */
    quantizationAware: flag({ ofInitial: 'inherited' }),
    /** With `quantizationAware`: what the weights are to become, `int8` (default), or `int4` for `rondo compress MODEL --int4`. */
    quantizationFormat: choice({
      of: roundedFormats,
      value: 'FORMAT',
      default: 'int8',
      needs: 'quantizationAware',
      ofInitial: 'inherited',
    }),
  };
}
