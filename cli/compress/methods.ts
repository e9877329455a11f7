import {
  compressWeights,
  serializeTaskAsync,
  type TaskModel,
  type WeightFileFormat,
  type WeightFormat,
} from '../../src/index.js';
import { readTask } from '../../src/node.js';

/** A form that a trained model's file may have. */
export interface CompressionMethod {
  readonly name: string;
  /** Whether it makes the file smaller and nothing else better. */
  readonly isForSizeAlone?: boolean;
  /** The model's file in that form, which the model may have from then on; undefined where it changes nothing. */
  bytesOf(model: TaskModel): Promise<Uint8Array | undefined>;
}

/**
 * A model file in one form; undefined where that changes nothing. Errors that training measured are left out: they are of
 * the model as it was, and of a small forecaster most of the file.
 */
export async function inForm(
  { bytesOf }: CompressionMethod,
  bytes: Uint8Array,
  path: string,
): Promise<Uint8Array | undefined> {
  const { task } = await readTask(bytes, path);
  task.forgetReport?.();
  return bytesOf(task);
}

const placed = async (model: TaskModel, format: WeightFormat): Promise<Uint8Array | undefined> =>
  compressWeights(model.model, format).length === 0 ? undefined : serializeTaskAsync(model);

interface NamedMethod extends CompressionMethod {
  /** For the help of its flag. */
  readonly about: string;
}

/** Nothing of a model with weights of 8 bits: only its biases would have fewer. */
const stored = (name: WeightFileFormat, about: string): NamedMethod => ({
  name,
  about,
  isForSizeAlone: true,
  bytesOf: async (model) =>
    hasInt8Weights(model) ? undefined : serializeTaskAsync(model, undefined, { weightFormat: name }),
});

/** Whether a model computes with weights of 8 bits. */
export function hasInt8Weights({ model }: TaskModel): boolean {
  return [...model.namedWeights()].some(([, { variable }]) =>
    variable.compressed?.matrices.some(({ kind }) => kind === 'int8'),
  );
}

/** In the order of how little they change. */
export const compressionMethods = [
  {
    name: 'blocks',
    about: 'Leave out the blocks of zeros that pruning left; results stay the same.',
    bytesOf: (model) => placed(model, 'blocks'),
  },
  stored(
    'float16',
    'Weights as floats of 16 bits, with 11 significant ones. Machine code reads them so: steps are faster.',
  ),
  stored('bfloat16', 'The same with 8 significant bits and the range of 32.'),
  {
    name: 'int8',
    about: 'Weights of 8 bits, which products read as they are: steps are faster, too.',
    bytesOf: (model) => placed(model, 'int8'),
  },
  stored('int4', 'Store kernels and embeddings in 4 bits with a scale for each 32. Steps take as long as before.'),
] as const satisfies readonly NamedMethod[];

/** Forms of models with fewer weights. */
export const combinedMethods = {
  /** No other form: it is smaller as it is. */
  plain: { name: '', bytesOf: (model) => serializeTaskAsync(model) },
  int8: { name: 'int8', bytesOf: (model) => placed(model, 'int8') },
  blocks: { name: 'blocks', bytesOf: (model) => placed(model, 'blocks') },
  int4: { name: 'int4', bytesOf: (model) => serializeTaskAsync(model, undefined, { weightFormat: 'int4' }) },
  /** Blocks of pruned kernels, 8 bits for all else. */
  blocksAndInt8: {
    name: 'blocks and int8',
    bytesOf: async (model) => (compressWeights(model.model, 'blocks').length === 0 ? undefined : placed(model, 'int8')),
  },
  /** The same with 4 bits for all else. */
  blocksAndInt4: {
    name: 'blocks and int4',
    bytesOf: async (model) =>
      compressWeights(model.model, 'blocks').length === 0
        ? undefined
        : serializeTaskAsync(model, undefined, { weightFormat: 'int4' }),
  },
} as const satisfies Record<string, CompressionMethod>;
