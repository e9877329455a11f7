import { linesOf, type TranslateOptions, type Translation, type Translator } from '../../src/index.js';
import type { Answer } from '../answer.js';
import type { TaskCall } from '../command-line-task.js';
import type { Given } from '../options.js';
import { readTextInput } from '../read-input.js';
import { printable } from '../terminal/printable.js';
import { isTextArgument } from '../text-argument.js';
import { withSeparators } from '../text-table.js';
import type { translationOptions } from './translate-options.js';

type Options = Given<typeof translationOptions>;

/** A text, and its translations. */
export interface TranslatedText {
  readonly text: string;
  readonly translations: readonly Translation[];
}

/** `rondo predict` of a translator: a text, or each line of a file, one line each. */
export async function predictTranslations(
  translator: Translator,
  data: string,
  { where, path, options }: TaskCall<Options>,
): Promise<Answer> {
  const isText = await isTextArgument(where, path, data);
  const texts = isText ? [data] : linesOf((await readTextInput(data, options.encoding)).replace(/^\ufeff/, ''));
  return answerOf(await translatedTexts(translator, texts, options), options);
}

/** @throws OUT_OF_RANGE, USAGE */
export async function translatedTexts(
  translator: Translator,
  texts: readonly string[],
  options: Options,
): Promise<TranslatedText[]> {
  const translations = await translator.predict(texts, await libraryOptions(options));
  return texts.map((text, i) => ({ text, translations: translations[i] }));
}

async function libraryOptions(options: Options): Promise<TranslateOptions> {
  const path = options['one-of'];
  const oneOf = path === undefined ? undefined : linesOf(await readTextInput(path, options.encoding));
  const nBest = options['n-best'];
  return {
    beams: options.beams ?? Math.max(5, nBest ?? 1),
    lengthPenalty: options['length-penalty'],
    coveragePenalty: options['coverage-penalty'],
    replaceUnknown: options['replace-unknown'],
    prefix: options.prefix,
    oneOf: oneOf?.filter((line) => line.trim() !== ''),
    nBest,
  };
}

/** One line for each text; with several translations each has a line, with its text's number and its score. */
export function answerOf(translated: readonly TranslatedText[], options: Options): Answer {
  const lines = translated.flatMap(({ translations }, i) =>
    options['n-best'] === undefined
      ? [printable(translations[0].text)]
      : translations.map(({ text, score }) => `${i + 1}\t${score.toFixed(4)}\t${printable(text)}`),
  );
  const numCut = translated.filter(({ translations: [best] }) => !best.isComplete).length;
  return {
    facts: {
      translations: translated.map(({ text, translations }) => ({
        text,
        translations: translations.map(({ attention: _, tokens: _tokens, ...facts }) => facts),
      })),
    },
    sections: { text: lines.map((line) => `${line}\n`).join('') },
    notes:
      numCut === 0
        ? []
        : [`${withSeparators(numCut)} of ${withSeparators(translated.length)} did not come to an end and were cut.`],
  };
}
