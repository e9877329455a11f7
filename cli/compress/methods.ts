import {
  compressWeights,
  serializeTaskAsync,
  type TaskModel,
  type WeightFileFormat,
  type WeightFormat,
} from '../../src/index.js';

/** A way to make a trained model smaller. */
export interface CompressionMethod {
  readonly name: string;
  readonly about: string;
  /** The model's file in that form, which the model may have from then on; undefined where it changes nothing. */
  bytesOf(model: TaskModel): Promise<Uint8Array | undefined>;
}

const placed = async (model: TaskModel, format: WeightFormat): Promise<Uint8Array | undefined> =>
  compressWeights(model.model, format).length === 0 ? undefined : serializeTaskAsync(model);

const stored = (name: WeightFileFormat, about: string): CompressionMethod => ({
  name,
  about,
  bytesOf: (model) => serializeTaskAsync(model, undefined, { weightFormat: name }),
});

/** In the order of how little they change. */
export const compressionMethods = [
  {
    name: 'blocks',
    about: 'Leave out the blocks of zeros that pruning left; results stay the same.',
    bytesOf: (model) => placed(model, 'blocks'),
  },
  stored('float16', 'Store weights as floats of 16 bits, with 11 significant ones. Steps take as long as before.'),
  stored('bfloat16', 'Store weights as floats of 16 bits, with 8 significant ones and the range of 32 bits.'),
  {
    name: 'int8',
    about: 'Weights of 8 bits, which products read as they are: steps are faster, too.',
    bytesOf: (model) => placed(model, 'int8'),
  },
  stored('int4', 'Store kernels and embeddings in 4 bits with a scale for each 32. Steps take as long as before.'),
] as const satisfies readonly CompressionMethod[];

export type CompressionName = (typeof compressionMethods)[number]['name'];
