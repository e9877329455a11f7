import { AttentionPooling1D } from '../../layers/attention-pooling-1d.js';
import { Bidirectional } from '../../layers/bidirectional.js';
import { Dense } from '../../layers/dense.js';
import { Dropout } from '../../layers/dropout.js';
import { Embedding } from '../../layers/embedding.js';
import { randomNormal } from '../../layers/initializers.js';
import type { Layer } from '../../layers/layer.js';
import { RNN } from '../../layers/rnn.js';
import { SequencePooling1D } from '../../layers/sequence-pooling-1d.js';
import type { Resolved } from '../../resolved.js';
import { Sequential } from '../../training/sequential.js';
import type { ClassifierOptions } from './classifier-options.js';

/**
 * Token ids `[batch, time]`, 0 for padding, to class probabilities `[batch, classes]`: embedding, recurrent layers in
 * one or both directions, pooling and a softmax, with dropout between them.
 *
 * @param embedding the table of token vectors, and whether training may change it.
 */
export function classifierModel(
  options: Readonly<Resolved<ClassifierOptions>>,
  numClasses: number,
  embedding: { numTokens: number; width: number; trainable: boolean },
): Sequential {
  const { cell, units, layers, dropout, bidirectional, pooling } = options;
  const dropped = (layer: Layer): Layer[] => (dropout > 0 ? [layer, new Dropout({ rate: dropout })] : [layer]);
  const recurrent = Array.from({ length: layers }, (_, i) => {
    const returnSequences = pooling !== 'last' || i < layers - 1;
    const forward = new RNN({ cell, units, returnSequences });
    return dropped(bidirectional ? new Bidirectional({ layer: forward }) : forward);
  });
  return new Sequential([
    ...dropped(
      new Embedding({
        inputDim: embedding.numTokens,
        outputDim: embedding.width,
        embeddingsInitializer: randomNormal({ stddev: 0.1 }),
        maskZero: true,
        trainable: embedding.trainable,
        inputShape: [null],
      }),
    ),
    ...recurrent.flat(),
    ...poolingLayers(pooling, bidirectional, units),
    new Dense({ units: numClasses, activation: 'softmax' }),
  ]);
}

function poolingLayers(
  pooling: Resolved<ClassifierOptions>['pooling'],
  bidirectional: boolean,
  units: number,
): Layer[] {
  switch (pooling) {
    case 'last':
      return [];
    case 'attention':
      return [new AttentionPooling1D({ units })];
    case 'concat':
      return [new SequencePooling1D({ pooling: ['last', 'max', 'mean'], bidirectional })];
    default:
      return [new SequencePooling1D({ pooling: [pooling] })];
  }
}
