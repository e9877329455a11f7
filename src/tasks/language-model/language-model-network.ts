import { cellNamed } from '../../cells/registry.js';
import { ActivationPenalty } from '../../layers/activation-penalty.js';
import { Dense } from '../../layers/dense.js';
import { Dropout } from '../../layers/dropout.js';
import { Embedding } from '../../layers/embedding.js';
import { randomNormal, randomUniform } from '../../layers/initializers.js';
import type { Layer } from '../../layers/layer.js';
import { RNN } from '../../layers/rnn.js';
import { SpatialDropout1D } from '../../layers/spatial-dropout-1d.js';
import { TiedDense } from '../../layers/tied-dense.js';
import { hasUseFor } from '../../layers/unused-options.js';
import type { Resolved } from '../../resolved.js';
import { Sequential } from '../../training/sequential.js';
import type { LanguageModelOptions } from './language-model-options.js';

/**
 * The network of a language model, token ids `[batch, time]` to logits `[batch, time, vocabulary]`: an embedding,
 * stateful recurrent layers, and the logits; between them the dropout and the penalties that the options ask for.
 *
 * Embeddings begin as standard normal numbers, as PyTorch's: Keras's 20 times smaller ones leave the gates blind to the
 * input for the first epochs (Tiny Shakespeare, 5 epochs of 128 units: 1.66 instead of 1.90 nats a character). Where
 * they are the output's kernel too, larger logits than those of `1 / sqrt(embeddingUnits)` cost more than that gains.
 */
export function languageModelNetwork(
  vocabulary: number,
  options: Resolved<LanguageModelOptions>,
  pretrained: Embedding | undefined,
): Sequential {
  const {
    cell,
    units,
    layers,
    dropout,
    inputDropout,
    variational,
    weightDropout,
    activationPenalty,
    changePenalty,
    tied,
    initialRange: range,
  } = options;
  const stddev = tied ? 1 / Math.sqrt(options.embeddingUnits) : 1;
  const uniform = range > 0 ? randomUniform({ minval: -range, maxval: range }) : undefined;
  const embedding =
    pretrained ??
    new Embedding({
      inputDim: vocabulary,
      outputDim: options.embeddingUnits,
      embeddingsInitializer: uniform ?? randomNormal({ stddev }),
      inputShape: [null],
      ...(options.embeddingDropout > 0 && { dropout: options.embeddingDropout }),
    });
  const dropped = (rate: number): Layer[] =>
    rate === 0 ? [] : [variational ? new SpatialDropout1D({ rate }) : new Dropout({ rate })];
  const starts = uniform && {
    kernelInitializer: uniform,
    ...(hasUseFor(cellNamed(cell), 'recurrentInitializer') && { recurrentInitializer: uniform }),
    biasInitializer: uniform,
    ...(hasUseFor(cellNamed(cell), 'unitForgetBias') && { unitForgetBias: false }),
  };
  const recurrent = Array.from({ length: layers }, (_, i): Layer[] => {
    const isLast = i === layers - 1;
    const layer = new RNN({
      cell,
      units: isLast && tied ? options.embeddingUnits : units,
      stateful: true,
      returnSequences: true,
      ...(weightDropout > 0 && { weightDropout }),
      ...starts,
    });
    return [
      layer,
      ...(isLast && changePenalty > 0 ? [new ActivationPenalty({ change: changePenalty })] : []),
      ...dropped(dropout),
    ];
  });
  return new Sequential([
    embedding,
    ...dropped(inputDropout),
    ...recurrent.flat(),
    ...(activationPenalty > 0 ? [new ActivationPenalty({ size: activationPenalty })] : []),
    tied
      ? new TiedDense({ embedding })
      : new Dense({ units: vocabulary, ...(uniform && { kernelInitializer: uniform, biasInitializer: uniform }) }),
  ]);
}
