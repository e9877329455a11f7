import { type LanguageModel, numUnknownOf } from '../../src/index.js';
import type { Answer } from '../answer.js';
import type { TaskCall } from '../command-line-task.js';
import type { Given } from '../options.js';
import { readTextInput } from '../read-input.js';
import { isTextArgument } from '../text-argument.js';
import { shortNumber, textTable } from '../text-table.js';
import { unknownNote } from '../unknown-tokens.js';
import type { textOptions } from './text-options.js';

/** `rondo predict` of a language model: what may come next, and how likely the text itself is. */
export async function predictTokens(
  languageModel: LanguageModel,
  data: string,
  { where, path, options }: TaskCall<Given<typeof textOptions.predict>>,
): Promise<Answer> {
  const isText = await isTextArgument(where, path, data);
  const text = isText ? data : await readTextInput(data, options.encoding);
  const next = await languageModel.predict(text, { count: options.top });
  const { level, unknownId } = languageModel.codec;
  const tokens = languageModel.codec.encode(text);
  const score = tokens.length < 2 ? null : await languageModel.evaluate(text);
  const numUnknown = numUnknownOf(tokens, unknownId);
  const rows = next.map(({ token, probability }) => [JSON.stringify(token), probability.toFixed(4)]);
  const likelihood =
    score === null
      ? []
      : [
          `the text itself: log-likelihood ${shortNumber(score.logLikelihood)} nats, ${shortNumber(score.loss)} a ` +
            `token, perplexity ${shortNumber(score.perplexity)}`,
        ];
  const note = unknownNote(numUnknown, tokens.length, level === 'characters' || level === 'words' ? level : 'tokens');
  return {
    facts: { next, numTokens: tokens.length, numUnknown, score },
    sections: [textTable(['next', 'probability'], rows), ...likelihood],
    notes: note === undefined ? [] : [note],
  };
}
