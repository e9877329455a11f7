import { type TagScheme, tagConstraints } from '../../data/tag-schemes.js';
import { Bidirectional } from '../../layers/bidirectional.js';
import { CRF } from '../../layers/crf.js';
import { Dense } from '../../layers/dense.js';
import { Dropout } from '../../layers/dropout.js';
import type { Layer } from '../../layers/layer.js';
import { RNN } from '../../layers/rnn.js';
import { WordFeatures } from '../../layers/word-features.js';
import type { Resolved } from '../../resolved.js';
import { Sequential } from '../../training/sequential.js';
import type { TagCodec } from './tag-codec.js';
import type { TaggerOptions } from './tagger-options.js';

/**
 * Words as indices `[batch, time, 1 + affixes + characters]` to label scores `[batch, time, tags]`: vectors of words and
 * of their characters, recurrent layers in both directions, and a conditional random field where that is asked for.
 */
export function taggerNetwork(
  codec: TagCodec,
  scheme: TagScheme | undefined,
  options: Resolved<TaggerOptions>,
): Sequential {
  const {
    cell,
    units,
    layers,
    dropout,
    wordUnits,
    characterUnits,
    characterEncoder,
    characterFeatures,
    wordDropout,
    freezeVectors,
  } = options;
  const drop = (): Layer[] => (dropout > 0 ? [new Dropout({ rate: dropout })] : []);
  return new Sequential([
    new WordFeatures({
      words: codec.words.size,
      wordUnits,
      trainableWords: !freezeVectors,
      affixes: codec.affixes.size,
      affixesPerWord: codec.affixesPerWord,
      characters: codec.characters.size,
      characterUnits,
      characterEncoder,
      characterFeatures,
      cell,
      wordDropout,
      inputShape: [null, null],
    }),
    ...drop(),
    ...Array.from({ length: layers }, () => [
      new Bidirectional({ layer: new RNN({ cell, units, returnSequences: true }) }),
      ...drop(),
    ]).flat(),
    new Dense({ units: codec.tags.length }),
    ...(options.crf ? [new CRF({ constraints: scheme && tagConstraints(codec.tags, scheme) })] : []),
  ]);
}
