import {
  type ColumnFile,
  type ConlluFile,
  columnLayoutOf,
  conlluColumns,
  looksLikeConllu,
  RondoError,
  readColumnFile,
  readConllu,
  type TaggedSentence,
  type Tagger,
  taggedSentences,
} from '../../src/index.js';
import { readTextInput } from '../read-input.js';
import { counted } from '../text-table.js';
import { WrongUsage } from '../wrong-usage.js';
import type { TaggedFileOptions } from './tagged-options.js';

/** A file with words in sentences, in either format. */
export type WordFile =
  | { readonly format: 'conllu'; readonly file: ConlluFile }
  | { readonly format: 'columns'; readonly file: ColumnFile };

/** @throws FILE_ACCESS, DATA_FORMAT */
export async function readWordFile(path: string, options: TaggedFileOptions): Promise<WordFile> {
  return wordFileOf(await readTextInput(path, options.encoding), path === '-' ? 'standard input' : path, options);
}

/** How a file was read, as it is written in the model. */
export function readingOf(word: WordFile): Readonly<Record<string, string>> {
  if (word.format === 'conllu') return { format: 'conllu' };
  const { wordColumn, numColumns } = word.file;
  return { format: 'columns', wordColumn: String(wordColumn), numColumns: String(numColumns) };
}

/** Options with the column of the words that training had, for a file of columns where they name none. */
export function withTrainedColumn<Options extends TaggedFileOptions>(
  { sentences }: Tagger,
  text: string,
  where: string,
  options: Options,
): Options {
  const trained = Number(sentences.reading?.wordColumn ?? 1);
  const isColumns = options.format === 'columns' || (options.format === undefined && !isConllu(text, where));
  if (!isColumns || options['word-column'] !== undefined || trained > (columnLayoutOf(text)?.numColumns ?? 1))
    return options;
  return { ...options, 'word-column': trained };
}

/** Whether a file is CoNLL-U by its name or its first line. */
export function isConllu(text: string, where: string): boolean {
  return /\.conllu(\.gz)?$/i.test(where) || looksLikeConllu(text);
}

export function wordFileOf(text: string, where: string, { format, 'word-column': words }: TaggedFileOptions): WordFile {
  if ((format ?? (isConllu(text, where) ? 'conllu' : 'columns')) === 'conllu') {
    if (words !== undefined)
      throw new WrongUsage({
        where,
        what: '--word-column is for files of columns; this is CoNLL-U.',
        expected: 'no --word-column',
        received: `--word-column ${words}`,
        fix: 'leave it out, or give --format columns.',
      });
    return { format: 'conllu', file: readConllu(text, { where }) };
  }
  return { format: 'columns', file: readColumnFile(text, { where, words }) };
}

/** The column of the tags, as it is written in the model. */
export function columnName(where: string, { format, file }: WordFile, { column }: TaggedFileOptions): string {
  if (format === 'conllu') return column?.toLowerCase() ?? 'upos';
  const number = column === undefined || column === 'last' ? file.numColumns : Number(column);
  if (Number.isInteger(number)) return column === undefined ? 'last' : column;
  throw new WrongUsage({
    where,
    what: '--column needs a number for a file of columns.',
    expected: `a number from 1 to ${file.numColumns}, or last`,
    received: column ?? '',
    fix: 'count the columns from 1, or give --format conllu.',
  });
}

/** What a file holds for a tagger. */
export interface TaggedData {
  readonly sentences: readonly TaggedSentence[];
  /** Words without a tag, left out. */
  readonly numUntagged: number;
}

/**
 * Words and tags of a file. @throws UNKNOWN_NAME, OUT_OF_RANGE for a column that it does not have; DATA_FORMAT where no
 * word has a tag
 */
export function taggedDataOf({ format, file }: WordFile, column: string): TaggedData {
  if (format === 'conllu') {
    // A column of a model that was trained on other files, which nobody named for this one.
    if (/^(last|\d+)$/.test(column)) {
      throw new RondoError('UNKNOWN_NAME', {
        where: file.where,
        what: `this is CoNLL-U, whose columns have names; there is no column \`${column}\`.`,
        expected: `one of ${conlluColumns.join(', ')}`,
        received: `\`${column}\``,
        fix: 'say with --column which one holds the tags, such as --column upos.',
      });
    }
    const { words, tags, numUntagged } = file.tagged(column);
    return { sentences: taggedSentences(words, tags, file.where), numUntagged };
  }
  const words = file.sentences.map((sentence) => sentence.words);
  const number = column === 'last' ? file.numColumns : Number(column);
  if (file.numColumns === 1) {
    throw new RondoError('DATA_FORMAT', {
      where: file.where,
      what: 'the lines hold one column, so words have no tags.',
      expected: 'a word and its tags on each line, apart by spaces or tabs, and a blank line after each sentence',
      received: '1 column',
      fix: 'give a file with tags beside the words.',
    });
  }
  if (number === file.wordColumn) {
    throw new RondoError('OUT_OF_RANGE', {
      where: file.where,
      what: `column ${number} holds the words.`,
      expected: `another of ${file.numColumns} columns`,
      received: column,
      fix: 'say with --column where the tags are, or with --word-column where the words are.',
    });
  }
  return { sentences: taggedSentences(words, file.column(number), file.where), numUntagged: 0 };
}

/** One line on the words without a tag; undefined where all have one. */
export function untaggedNote(file: string, { numUntagged }: TaggedData): string | undefined {
  return numUntagged === 0
    ? undefined
    : `${file}: ${counted(numUntagged, 'word')} without a tag (\`_\`) ${numUntagged === 1 ? 'is' : 'are'} neither ` +
        'learned nor measured; sentences are cut there';
}
