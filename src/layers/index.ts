/** Layers, and what they are made with, for the public surface. */

export { Activation, type ActivationOptions } from './activation.js';
export { ActivationPenalty, type ActivationPenaltyOptions } from './activation-penalty.js';
export { AdaptiveSoftmax, type AdaptiveSoftmaxOptions } from './adaptive-softmax.js';
export { Add } from './add.js';
export { AdditiveAttention, type AdditiveAttentionOptions } from './additive-attention.js';
export { AlphaDropout } from './alpha-dropout.js';
export { Attention, type AttentionOptions } from './attention.js';
export type { OutputAndScores } from './attention-layer.js';
export { AttentionPooling1D, type AttentionPooling1DOptions } from './attention-pooling-1d.js';
export { AttentionRNN, type AttentionRNNCallOptions, type AttentionRNNOptions } from './attention-rnn.js';
export { Average } from './average.js';
export { AveragePooling1D } from './average-pooling-1d.js';
export { AveragePooling2D } from './average-pooling-2d.js';
export { BatchNormalization, type BatchNormalizationOptions } from './batch-normalization.js';
export {
  Bidirectional,
  type BidirectionalCallOptions,
  type BidirectionalOptions,
  type BidirectionalStates,
  type MergeMode,
} from './bidirectional.js';
export { CategoryEncoding, type CategoryEncodingOptions } from './category-encoding.js';
export { Concatenate, type ConcatenateOptions } from './concatenate.js';
export * as constraints from './constraints.js';
export { Conv1D, type Conv1DOptions } from './conv-1d.js';
export { Conv2D, type Conv2DOptions } from './conv-2d.js';
export { CRF, type CRFOptions, type LabelScores } from './crf.js';
export { Cropping1D, type Cropping1DOptions } from './cropping-1d.js';
export { Dense, type DenseOptions } from './dense.js';
export { Dot, type DotOptions } from './dot.js';
export { Dropout, type DropoutOptions } from './dropout.js';
export { Embedding, type EmbeddingOptions } from './embedding.js';
export { Flatten } from './flatten.js';
export { GaussianNoise, type GaussianNoiseOptions } from './gaussian-noise.js';
export { GlobalAveragePooling1D } from './global-average-pooling-1d.js';
export { GlobalAveragePooling2D } from './global-average-pooling-2d.js';
export { GlobalMaxPooling1D } from './global-max-pooling-1d.js';
export { GlobalMaxPooling2D } from './global-max-pooling-2d.js';
export { GroupNormalization, type GroupNormalizationOptions } from './group-normalization.js';
export { GRU, type GRUOptions } from './gru.js';
export * as initializers from './initializers.js';
export { Input, type InputOptions } from './input-layer.js';
export {
  type CallOptions,
  type Json,
  Layer,
  type LayerOptions,
  type LayerWeight,
  type OpenShape,
  singleInput,
  type WeightOptions,
} from './layer.js';
export { LayerNormalization, type LayerNormalizationOptions } from './layer-normalization.js';
export { LeakyReLU, type LeakyReLUOptions } from './leaky-relu.js';
export { LSTM, type LSTMOptions } from './lstm.js';
export { type Mask, maskOf, setMask } from './mask.js';
export { Masking, type MaskingOptions } from './masking.js';
export { MaxPooling1D } from './max-pooling-1d.js';
export { MaxPooling2D } from './max-pooling-2d.js';
export { Maximum } from './maximum.js';
export { Merge } from './merge.js';
export { Minimum } from './minimum.js';
export { MultiHeadAttention, type MultiHeadAttentionOptions } from './multi-head-attention.js';
export { Multiply } from './multiply.js';
export {
  type HeadParts,
  headOf,
  lazyHead,
  type OutputHead,
  type ScoreLabels,
  type ScoreOptions,
} from './output-head.js';
export { Permute, type PermuteOptions } from './permute.js';
export { PointerGenerator } from './pointer-generator.js';
export type { Pooling1DOptions, Pooling2DOptions } from './pooling.js';
export { PReLU, type PReLUOptions } from './prelu.js';
export {
  type GivenStates,
  type NamedStates,
  type OutputAndState,
  type RecurrentCallOptions,
  RecurrentLayer,
  type StatesOf,
} from './recurrent-layer.js';
export type { RecurrentOptions } from './recurrent-options.js';
export * as regularizers from './regularizers.js';
export { RepeatVector, type RepeatVectorOptions } from './repeat-vector.js';
export type { BothEnds } from './resampled-steps.js';
export { Reshape, type ReshapeOptions } from './reshape.js';
export { type CellChoice, type CellLike, type CellWithOptions, RNN, type RNNOptions, type StateOf } from './rnn.js';
export { SampledSoftmax, type SampledSoftmaxOptions } from './sampled-softmax.js';
export {
  SequencePooling1D,
  type SequencePooling1DOptions,
  type SequenceSummary,
} from './sequence-pooling-1d.js';
export { SimpleRNN } from './simple-rnn.js';
export { Softmax, type SoftmaxOptions } from './softmax.js';
export { SpatialDropout1D, type SpatialDropout1DOptions } from './spatial-dropout-1d.js';
export type { Stepper } from './stepper.js';
export { Subtract } from './subtract.js';
export { type GraphNode, input, type SymbolicStates, type SymbolicTensor } from './symbolic-tensor.js';
export { TiedDense, type TiedDenseOptions } from './tied-dense.js';
export { TimeDistributed, type TimeDistributedOptions } from './time-distributed.js';
export { UpSampling1D, type UpSampling1DOptions } from './up-sampling-1d.js';
export { type CharacterEncoder, WordFeatures, type WordFeaturesOptions } from './word-features.js';
export { ZeroPadding1D, type ZeroPadding1DOptions } from './zero-padding-1d.js';
