import type { LanguageModel } from '../../src/index.js';
import { sampledTokens } from '../sampled-tokens.js';
import { withSeparators } from '../text-table.js';
import { trainingLines } from '../training-lines.js';
import { startLine } from './text-start.js';

/** What `rondo inspect` says of a language model. */
export function aboutLanguageModel({ options, codec, text, outcome }: LanguageModel): string[] {
  return [
    `task      language model of ${options.level}${options.lower ? ', lower-cased' : ''}`,
    `tokens    ${withSeparators(codec.size)} different: ${sampledTokens(codec, 20)}`,
    `trained   on ${withSeparators(text.numTrainingTokens)} tokens, chosen on ` +
      `${withSeparators(text.numTokens - text.numTrainingTokens)} more`,
    'writes    ' +
      (text.start === undefined
        ? 'after a line end: a file of an earlier version does not say how its texts begin'
        : startLine(text.start, codec)),
    ...trainingLines(options, outcome),
  ];
}
