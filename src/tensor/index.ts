/** Operations on tensors, each with its derivative. Exported as the namespace `ops`. */
export * from './arithmetic.js';
export { cast } from './cast.js';
export { checkpoint } from './checkpoint.js';
export { ones, zeros } from './constants.js';
export { type DotProductAttentionOptions, dotProductAttention } from './dot-product-attention.js';
export { gatherTensor } from './gather.js';
export { matmul } from './matmul.js';
export { concatenate, expand, reshape, reverse, slice, stack, transpose } from './movement.js';
export { argMax, flatten, max, mean, sum } from './reduce.js';
export { type CandidateClasses, type SampledCrossentropyOptions, sampledCrossentropy } from './sampled-crossentropy.js';
export { type ScoredLabels, type SoftmaxCrossentropyOptions, softmaxCrossentropy } from './softmax-crossentropy.js';
