import { deserializeModel, serializeModelAsync } from '../io/checkpoint.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Model } from '../training/model.js';
import type { ModelOutput } from '../training/model-outputs.js';
import { type CompressWeightsOptions, compressWeights } from './compress-weights.js';

/**
 * The same model with weights of 8 bits; the given one stays as it is. A step of a stream reads a quarter of the memory,
 * and a file takes about a quarter. Kernels of Dense, of convolutions without groups, of MultiHeadAttention and
 * SampledSoftmax, and of recurrent layers with any cell, and embeddings are rounded: symmetrically, with a scale for
 * each output. What they multiply is rounded to 7 bits by row and step, sums are whole numbers, and all else, the cell's
 * equations among it, is computed as before.
 *
 * Biases and other small weights stay in single precision, and can still be trained.
 *
 * @example
 * const small = await quantize(model);
 * await saveModel(small, 'small.safetensors');
 *
 * @throws USAGE where the model has no weights; UNKNOWN_NAME for names that there are not
 */
export async function quantize<Output extends ModelOutput = Tensor>(
  model: Model<Output>,
  options: CompressWeightsOptions = {},
): Promise<Model<Output>> {
  const bytes = await serializeModelAsync(model as Model);
  const { model: copy } = deserializeModel<Output>(bytes, 'quantize');
  compressWeights(copy as Model, 'int8', options);
  return copy;
}
