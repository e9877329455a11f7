import { factorize, prune, RondoError, serializeTaskAsync, sparsityReport, type TaskModel } from '../../src/index.js';
import { type CompressionMethod, combinedMethods } from './methods.js';

/** A network from which training goes on, with fewer weights than that of a trained model, or for smaller ones. */
export interface SmallerNetwork {
  readonly name: string;
  /** The forms that its file may have. */
  readonly methods: readonly CompressionMethod[];
  /** What training makes 0; nothing where the network itself is smaller. */
  readonly prune: number;
  /** The weights that training sees; such a network is tried where these lose something without. */
  readonly quantized: 'int8' | 'int4' | undefined;
  /**
   * A file of the model with that network before any training. The model may be changed.
   *
   * @returns undefined where nothing of it becomes smaller
   */
  bytesOf(model: TaskModel): Promise<Uint8Array | undefined>;
}

/** Of the shorter side of each recurrent and input kernel. */
const ratios = [
  { ratio: 0.5, name: '1/2' },
  { ratio: 0.25, name: '1/4' },
];

/**
 * Shares of the recurrent kernels' weights that are left out. Blocks keep 32 bits a number and say where it stands, so
 * with half of them a file is twice as large as with 8 bits for each.
 */
const sparsities = [0.75, 0.9];

export const smallerNetworks: readonly SmallerNetwork[] = [
  ...(['int8', 'int4'] as const).map(
    (quantized): SmallerNetwork => ({
      name: `trained for ${quantized === 'int8' ? 8 : 4} bits`,
      methods: [combinedMethods[quantized]],
      ...{ prune: 0, quantized },
      bytesOf: (model) => serializeTaskAsync(model),
    }),
  ),
  ...ratios.map(
    ({ ratio, name }): SmallerNetwork => ({
      name: `low rank ${name}`,
      methods: [combinedMethods.plain, combinedMethods.int8, combinedMethods.int4],
      ...{ prune: 0, quantized: undefined },
      bytesOf: (model) =>
        unlessNothing(async () => serializeTaskAsync(withNetwork(model, await factorize(model.model, { ratio })))),
    }),
  ),
  ...sparsities.map(
    (sparsity): SmallerNetwork => ({
      name: `pruned ${100 * sparsity} %`,
      methods: [combinedMethods.blocks, combinedMethods.blocksAndInt8, combinedMethods.blocksAndInt4],
      ...{ prune: sparsity, quantized: undefined },
      bytesOf: async (model) => {
        if ((await sparsityReport(model.model)).total.sparsity >= sparsity) return undefined;
        return unlessNothing(async () => {
          await prune(model.model, { sparsity });
          return serializeTaskAsync(model);
        });
      },
    }),
  ),
];

/** A cell without recurrent products, or kernels that two factors would not make smaller, are no fault here. */
async function unlessNothing(bytes: () => Promise<Uint8Array>): Promise<Uint8Array | undefined> {
  try {
    return await bytes();
  } catch (error) {
    if (error instanceof RondoError && error.code === 'USAGE') return undefined;
    throw error;
  }
}

/** As it is written; a file knows better how a task's model is made of it, tokenizers of others included. */
function withNetwork(task: TaskModel, model: TaskModel['model']): TaskModel {
  return {
    ...{ task: task.task, model, options: task.options, outcome: task.outcome },
    ...{ predict: task.predict, evaluate: task.evaluate },
    toJSON: () => task.toJSON(),
  };
}
