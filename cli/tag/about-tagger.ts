import type { Tagger } from '../../src/index.js';
import { withSeparators } from '../text-table.js';
import { trainingLines } from '../training-lines.js';
import { coverageLine } from '../vector-options.js';
import { percent } from './show-tagging.js';

/** What `rondo inspect` says of a tagger. */
export function aboutTagger({ options, codec, sentences, outcome }: Tagger): string[] {
  const { crf, wordUnits, characterEncoder } = options;
  return [
    `task      tagger of words${sentences.column === null ? '' : `, column ${sentences.column}`}` +
      (sentences.scheme === null ? '' : `, spans by ${sentences.scheme}`),
    `tags      ${withSeparators(codec.tags.length)}: ` +
      `${codec.tags.slice(0, 25).join(' ')}${codec.tags.length > 25 ? ' ...' : ''}`,
    `words     ${withSeparators(codec.words.size)} with vectors of ` +
      `${wordUnits}${options.lower ? ', in lower case' : ''}${options.digits ? ', digits as 0' : ''}; ` +
      `${withSeparators(codec.characters.size)} characters (${characterEncoder})`,
    ...(sentences.vectors === null
      ? []
      : [`begun     with ${coverageLine(sentences.vectors)}${options.freezeVectors ? '; kept as they were' : ''}`]),
    `output    ${crf ? 'conditional random field' : 'every tag by itself'}`,
    `trained   on ${withSeparators(sentences.numSentences)} sentences of ${withSeparators(sentences.numWords)} ` +
      `words, chosen on ${withSeparators(sentences.numValidationSentences)} more`,
    ...sentences.baseline.map(
      ({ part, accuracy, unknownAccuracy }) =>
        `baseline  HMM, ${part}: ${percent(accuracy)} % of words, ${percent(unknownAccuracy)} % of unknown ones`,
    ),
    ...trainingLines(options, outcome),
  ];
}
