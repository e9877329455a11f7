import { linesOf, readSources, type TranslateOptions, type Translation, type Translator } from '../../src/index.js';
import type { Answer } from '../answer.js';
import type { TaskCall } from '../command-line-task.js';
import type { Given } from '../options.js';
import { say } from '../output.js';
import { samplingOf } from '../sampling-options.js';
import { isTextArgument } from '../text-argument.js';
import { counted, withSeparators } from '../text-table.js';
import { unknownNote } from '../unknown-tokens.js';
import { notTogether } from '../wrong-usage.js';
import { namedFormat, type Reading, readAsTrained, readInEncoding } from './read-pair-files.js';
import type { translationOptions } from './translate-options.js';

type Options = Given<typeof translationOptions> & { readonly attention?: boolean };

/** A text, and its translations. */
export interface TranslatedText {
  readonly text: string;
  readonly translations: readonly Translation[];
}

/** `rondo predict` of a translator: a text, or each line of a file, one line each. */
export async function predictTranslations(
  translator: Translator,
  data: string,
  call: TaskCall<Options>,
): Promise<Answer> {
  const texts = await textsOf(translator, data, call);
  return answerOf(
    translator,
    await translatedTexts(translator, texts, await searchOf(call.options, translator.pairs.reading)),
    call.options,
  );
}

/** A text itself, each line of a file, or of a table its sources. @throws FILE_ACCESS, DATA_FORMAT; WrongUsage */
export async function textsOf(
  { pairs: { reading } }: Translator,
  data: string,
  { where, path, options }: TaskCall<Options>,
): Promise<string[]> {
  if (await isTextArgument(where, path, data)) return [data];
  if (data === '-' && options['one-of'] === '-')
    throw notTogether(
      where,
      ['-', '--one-of -'],
      'the standard input is read once: put the texts or the translations into a file.',
    );
  if (namedFormat(data) === undefined && options.source === undefined)
    return linesOf(await readInEncoding(data, options, reading));
  const { encoding } = options;
  const given = { source: options.source, encoding };
  const { content, where: file, format, source } = await readAsTrained(data, given, reading, ['source']);
  say(`${file}: translating ${source === undefined ? 'the sources' : `the column ${source}`} alone`);
  return readSources(content, { where: file, format, source });
}

/** @throws OUT_OF_RANGE, USAGE */
export async function translatedTexts(
  translator: Translator,
  texts: readonly string[],
  search: TranslateOptions,
): Promise<TranslatedText[]> {
  const translations = await translator.predict(texts, search);
  return texts.map((text, i) => ({ text, translations: translations[i] }));
}

/** How the options search. @throws FILE_ACCESS, DATA_FORMAT */
export async function searchOf(options: Options, reading: Reading): Promise<TranslateOptions> {
  const path = options['one-of'];
  const oneOf = path === undefined ? undefined : linesOf(await readInEncoding(path, options, reading));
  const nBest = options['n-best'];
  const sampling = { ...samplingOf(options), seed: options.seed };
  const isDrawn = Object.values(sampling).some((value) => value !== undefined);
  return {
    ...sampling,
    beams: options.beams ?? (isDrawn ? undefined : Math.max(5, nBest ?? 1)),
    lengthPenalty: options['length-penalty'],
    coveragePenalty: options['coverage-penalty'],
    replaceUnknown: options['replace-unknown'],
    prefix: options.prefix,
    oneOf: oneOf?.filter((line) => line.trim() !== ''),
    nBest,
  };
}

/** What of the texts the model does not know, and which are longer than those that it was trained with. */
function sourceNotes({ codecs: { source }, options }: Translator, texts: readonly string[]): string[] {
  const ids = texts.map((text) => source.encode(text));
  const numTokens = ids.reduce((sum, { length }) => sum + length, 0);
  const numUnknown = ids.reduce((sum, own) => sum + own.filter((id) => source.isUnknown(id)).length, 0);
  const unknown = unknownNote(numUnknown, numTokens, source.kind === 'characters' ? 'characters' : 'tokens');
  const numLong = ids.filter(({ length }) => length > options.timesteps).length;
  return [
    ...(unknown === undefined ? [] : [unknown]),
    ...(numLong === 0
      ? []
      : [`${counted(numLong, 'text')} of more than ${options.timesteps} tokens, which training has not shown.`]),
  ];
}

/** The translations, and what is to be known of the texts. */
export function answerOf(translator: Translator, translated: readonly TranslatedText[], options: Options): Answer {
  const answer = linesOfTranslations(translated, options);
  const texts = translated.map(({ text }) => text);
  return { ...answer, notes: [...(answer.notes ?? []), ...sourceNotes(translator, texts)] };
}

/** One line for each text; with several translations each has a line, with its text's number and its score. */
export function linesOfTranslations(translated: readonly TranslatedText[], options: Options): Answer {
  const lines = translated.flatMap(({ translations }, i) =>
    options['n-best'] === undefined
      ? [withinLine(translations[0].text)]
      : translations.map(({ text, score }) => `${i + 1}\t${score.toFixed(4)}\t${withinLine(text)}`),
  );
  const numCut = translated.filter(({ translations: [best] }) => !best.isComplete).length;
  return {
    facts: {
      translations: translated.map(({ text, translations }) => ({
        text,
        translations: translations.map(({ attention, tokens, ...facts }) =>
          options.attention ? { ...facts, tokens, attention: attention.map(rounded) } : facts,
        ),
      })),
    },
    sections: { text: lines.map((line) => `${line}\n`).join('') },
    notes:
      numCut === 0
        ? []
        : [`${withSeparators(numCut)} of ${withSeparators(translated.length)} did not come to an end and were cut.`],
  };
}

/** A text as a part of a line: all else stays as it was written. */
function withinLine(text: string): string {
  return text.replace(/\r\n|[\n\r\t]/g, ' ');
}

function rounded(shares: Float32Array): number[] {
  return Array.from(shares, (share) => Number(share.toFixed(4)));
}
