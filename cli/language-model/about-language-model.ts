import type { LanguageModel } from '../../src/index.js';
import { withSeparators } from '../text-table.js';
import { trainingLines } from '../training-lines.js';
import { startLine } from './text-start.js';

/** What `rondo inspect` says of a language model. */
export function aboutLanguageModel({ options, codec, text, outcome }: LanguageModel): string[] {
  const sample = Array.from({ length: Math.min(20, codec.size) }, (_, token) =>
    JSON.stringify(codec.shown(token)).slice(1, -1),
  );
  return [
    `task      language model of ${options.level}${options.lower ? ', lower-cased' : ''}`,
    `tokens    ${withSeparators(codec.size)} different: ${sample.join(' ')}${codec.size > 20 ? ' ...' : ''}`,
    `trained   on ${withSeparators(text.numTrainingTokens)} tokens, chosen on ` +
      `${withSeparators(text.numTokens - text.numTrainingTokens)} more`,
    'writes    ' +
      (text.start === undefined
        ? 'after a line end: a file of an earlier version does not say how its texts begin'
        : startLine(text.start, codec)),
    ...trainingLines(options, outcome),
  ];
}
