import type { Translator } from '../../src/index.js';
import { sampledTokens } from '../sampled-tokens.js';
import { withSeparators } from '../text-table.js';
import { trainingLines } from '../training-lines.js';

/** What `rondo inspect` says of a translator. */
export function aboutTranslator({ options, codecs, pairs, outcome }: Translator): string[] {
  const { train, validation, test } = pairs.numPairs;
  const sample = (side: 'source' | 'target'): string => sampledTokens(codecs[side].tokens, 12);
  return [
    'task      texts into others',
    `source    ${withSeparators(codecs.source.size)} ${codecs.source.kind}` +
      `${pairs.isShared ? ', shared with the target' : ''}: ${sample('source')}`,
    `target    ${withSeparators(codecs.target.size)} ${codecs.target.kind}: ${sample('target')}`,
    `trained   on ${withSeparators(train)} pairs, chosen on ${withSeparators(validation)} more, ` +
      `${withSeparators(test)} held out; ${options.attention} attention`,
    ...trainingLines(options, outcome),
  ];
}
