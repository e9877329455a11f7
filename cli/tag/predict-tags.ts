import { columnLayoutOf, conlluColumns, linesOf, type Tagger, wordsOf } from '../../src/index.js';
import { say } from '../output.js';
import { counted, withSeparators } from '../text-table.js';
import { looksLikeColumns } from './looks-like-columns.js';
import { isConllu, type TaggedFileOptions, withTrainedColumn, wordFileOf } from './tagged-files.js';

/** How tagged words are written: `lines` are one line for each sentence, `word/TAG`. */
export const tagOutputs = ['conllu', 'columns', 'lines'] as const;

export interface PredictTagsOptions extends TaggedFileOptions {
  /** What is written; by default CoNLL-U for CoNLL-U, columns for all else. */
  readonly to?: (typeof tagOutputs)[number] | undefined;
  /** Whether it is a text whose words must be found, whatever it looks like. */
  readonly isPlain?: boolean | undefined;
  /** Whether each of the lines begins with its number. */
  readonly number?: boolean | undefined;
}

/** How a text that is data is read; undefined for a text whose words must be found. */
function dataOptions(
  tagger: Tagger,
  text: string,
  where: string,
  options: PredictTagsOptions,
): TaggedFileOptions | undefined {
  if (options.isPlain === true) return undefined;
  if (options.format !== undefined || isConllu(text, where)) return withTrainedColumn(tagger, text, where, options);
  if (!looksLikeColumns(tagger, text)) {
    const layout = columnLayoutOf(text);
    if (layout?.hasSentences && layout.numColumns > 1)
      say(
        `${where}: read as sentences, one a line; if its ${layout.numColumns} words a line are a word and what ` +
          'belongs to it, --format columns reads it so.',
      );
    return undefined;
  }
  const read = withTrainedColumn(tagger, text, where, { ...options, format: 'columns' });
  say(
    `${where}: read as columns, with the words in column ${read['word-column'] ?? 1}; --format texts reads it ` +
      'as sentences, one a line.',
  );
  return read;
}

/** Sentences of a text, one a line, of an empty line one without words; words and signs apart. */
export function sentencesOf(text: string): string[][] {
  return linesOf(text).map((line) => wordsOf(line, { lower: false }));
}

/**
 * The same text with tags. CoNLL-U keeps its comments and other columns; other files get a column more; a plain text
 * becomes a word and its tag a line.
 *
 * @throws DATA_FORMAT
 */
export async function withTags(
  tagger: Tagger,
  text: string,
  where: string,
  options: PredictTagsOptions,
): Promise<string> {
  const data = dataOptions(tagger, text, where, options);
  if (data === undefined) {
    const sentences = sentencesOf(text);
    sayUnknown(tagger, sentences);
    return written(tagger, sentences, await tagger.predict(sentences), options.to ?? 'columns', options.number);
  }
  const { format, file } = wordFileOf(text, where, data);
  const sentences = file.sentences.map(({ words }) => words);
  sayUnknown(tagger, sentences);
  const tags = await tagger.predict(sentences);
  const to = options.to ?? format;
  if (format === 'columns' && to === 'columns') return file.withNewColumn(tags);
  const column = conlluColumnOf(tagger);
  if (format === 'conllu' && to === 'conllu')
    return file.withColumn(column, column === 'misc' ? tags.map((own) => own.map((tag) => `Tag=${tag}`)) : tags);
  return written(tagger, sentences, tags, to, options.number);
}

/** The words and tags of a text, for `--json`. */
export async function taggedWords(
  tagger: Tagger,
  text: string,
  where: string,
  options: PredictTagsOptions,
): Promise<{ words: readonly string[]; tags: readonly string[]; numUnknown: number }[]> {
  const data = dataOptions(tagger, text, where, options);
  const sentences: readonly (readonly string[])[] =
    data === undefined ? sentencesOf(text) : wordFileOf(text, where, data).file.sentences.map(({ words }) => words);
  const tags = await tagger.predict(sentences);
  return sentences.map((words, s) => ({ words, tags: tags[s], numUnknown: numUnknownOf(tagger, words) }));
}

function numUnknownOf({ codec }: Tagger, words: readonly string[]): number {
  return words.filter((word) => codec.isUnknown(word)).length;
}

/** The letters of unknown words still count, so a tag may be right; but less often. */
function sayUnknown(tagger: Tagger, sentences: readonly (readonly string[])[]): void {
  const words = sentences.flat();
  const numUnknown = numUnknownOf(tagger, words);
  if (numUnknown > 0)
    say(
      `${withSeparators(numUnknown)} of ${counted(words.length, 'word')} ${numUnknown === 1 ? 'stands' : 'stand'} nowhere in the ` +
        'training sentences: of such words tags are less sure.',
    );
}

function written(
  tagger: Tagger,
  sentences: readonly (readonly string[])[],
  tags: readonly (readonly string[])[],
  to: (typeof tagOutputs)[number],
  number = false,
): string {
  if (to === 'lines')
    return sentences
      .map((words, s) => `${number ? `${s + 1}\t` : ''}${words.map((word, i) => `${word}/${tags[s][i]}`).join(' ')}\n`)
      .join('');
  const column = conlluColumns.indexOf(conlluColumnOf(tagger));
  const line = (word: string, tag: string, i: number): string => {
    if (to === 'columns') return `${word}\t${tag}`;
    return conlluColumns
      .map((name, at) =>
        name === 'id'
          ? String(i + 1)
          : name === 'form'
            ? word
            : at === column
              ? name === 'misc'
                ? `Tag=${tag}`
                : tag
              : '_',
      )
      .join('\t');
  };
  return sentences
    .map((words, s) =>
      words.length === 0 ? '' : `${words.map((word, i) => line(word, tags[s][i], i)).join('\n')}\n\n`,
    )
    .join('');
}

/** Where CoNLL-U has no column of the model's kind, `misc` takes the tag. */
function conlluColumnOf(tagger: Tagger): (typeof conlluColumns)[number] {
  return conlluColumns.find((name) => name === tagger.sentences.column && name !== 'id' && name !== 'form') ?? 'misc';
}
