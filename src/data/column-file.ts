import { RondoError, refuseUnknownOptions, requireCount } from '../errors.js';
import { badLine, linesWithEnds, plainLines, requireSentences, type SentenceLines, withEnds } from './tagged-lines.js';

/** A file with a word and its tags on each line. */
export class ColumnFile {
  readonly #ends: readonly string[] | undefined;

  constructor(
    /** The file's name, for messages. */
    readonly where: string,
    readonly lines: readonly string[],
    readonly sentences: readonly SentenceLines[],
    readonly numColumns: number,
    /** Where the words are, from 1. */
    readonly wordColumn: number,
    /** Whether tabs separate the columns. */
    readonly isTabbed: boolean,
    /** What ends each line. Default LF. */
    ends?: readonly string[],
  ) {
    this.#ends = ends;
  }

  /** By sentence: what a column holds for each word. @param number from 1. @throws OUT_OF_RANGE */
  column(number: number): string[][] {
    requireColumn(this.where, number, this.numColumns, 'column');
    return this.sentences.map(({ fields }) => fields.map((field) => field[number - 1]));
  }

  /** The file with one more column at the end. @param values by sentence, one for each word. */
  withNewColumn(values: readonly (readonly string[])[]): string {
    const lines = [...this.lines];
    this.sentences.forEach(({ fields, lines: places }, s) =>
      places.forEach((line, i) => (lines[line] = [...fields[i], values[s][i]].join(this.isTabbed ? '\t' : ' '))),
    );
    return withEnds(lines, this.#ends);
  }
}

export interface ReadColumnFileOptions {
  /** The file's name, for messages. */
  where: string;
  /** The column of the words, from 1. Default 1. */
  words?: number | undefined;
}

const documentStart = /^-DOCSTART-(\s|$)/;

/**
 * Reads a column file as those of the CoNLL-2000 and 2003 shared tasks: a word a line, its tags beside it, a blank line
 * after each sentence. Columns are separated by tabs where the first line has any, else by spaces. `-DOCSTART-` lines
 * are no words.
 *
 * @throws DATA_FORMAT naming file and line where a line has another number of columns than the first, or an empty one,
 *   or there are no words; OUT_OF_RANGE
 */
export function readColumnFile(text: string, options: ReadColumnFileOptions): ColumnFile {
  refuseUnknownOptions('readColumnFile', options, ['where', 'words']);
  const { where, words: wordColumn = 1 } = options;
  requireCount('readColumnFile', 'words', wordColumn);
  const { lines, ends } = linesWithEnds(text);
  const isBlank = (line: string): boolean => line.trim() === '';
  const firstAt = lines.findIndex((line) => !isBlank(line) && !documentStart.test(line));
  const isTabbed = firstAt >= 0 && lines[firstAt].includes('\t');
  const split = (line: string): string[] => (isTabbed ? line.split('\t') : line.trim().split(/ +/));
  const numColumns = firstAt < 0 ? 0 : split(lines[firstAt]).length;
  const sentences: SentenceLines[] = [];
  let open: { words: string[]; lines: number[]; fields: string[][] } | undefined;
  lines.forEach((line, at) => {
    if (isBlank(line) || documentStart.test(line)) {
      open = undefined;
      return;
    }
    const fields = split(line);
    requireSameColumns(where, at, line, fields, { numColumns, firstAt, isTabbed });
    if (open === undefined) sentences.push((open = { words: [], lines: [], fields: [] }));
    requireColumn(where, wordColumn, numColumns, 'wordColumn');
    open.words.push(fields[wordColumn - 1]);
    open.lines.push(at);
    open.fields.push(fields);
  });
  requireSentences(where, sentences, 'a word and its tags on each line');
  return new ColumnFile(where, lines, sentences, numColumns, wordColumn, isTabbed, ends);
}

/** What a text looks like, read as columns. */
export interface ColumnLayout {
  readonly isTabbed: boolean;
  readonly numColumns: number;
  /** The words' lines, split. Lines of another number of columns than the first are left out. */
  readonly rows: readonly (readonly string[])[];
  /** Whether the first line is a `-DOCSTART-` line, as in CoNLL-2003. */
  readonly hasDocumentStart: boolean;
  /** Whether blank lines stand between lines, some of which follow each other directly. */
  readonly hasSentences: boolean;
}

/** Of the lines of a column file at least so many have the columns of the first; the reader names the others. */
const leastRegular = 0.9;

/** How a text reads as columns; undefined where its lines have different numbers of them, as those of prose do. */
export function columnLayoutOf(text: string): ColumnLayout | undefined {
  const lines = plainLines(text);
  const isWord = (line: string): boolean => line.trim() !== '' && !documentStart.test(line);
  const words = lines.filter(isWord);
  if (words.length === 0) return undefined;
  const isTabbed = words[0].includes('\t');
  const split = words.map((line) => (isTabbed ? line.split('\t') : line.trim().split(/ +/)));
  const numColumns = split[0].length;
  const rows = split.filter(({ length }) => length === numColumns);
  const hasDocumentStart = documentStart.test(lines.find((line) => line.trim() !== '')!);
  if (!hasDocumentStart && rows.length < leastRegular * words.length) return undefined;
  const isAfterWord = (line: string, i: number): boolean => i > 0 && isWord(lines[i - 1]) && isWord(line);
  const numRuns = lines.filter((line, i) => isWord(line) && !isAfterWord(line, i)).length;
  const hasSentences = numRuns > 1 && numRuns < words.length;
  return { isTabbed, numColumns, rows, hasDocumentStart, hasSentences };
}

function requireColumn(where: string, number: number, numColumns: number, option: string): void {
  if (Number.isInteger(number) && number >= 1 && number <= numColumns) return;
  throw new RondoError('OUT_OF_RANGE', {
    where,
    what: `there is no column ${number}.`,
    expected: `a number from 1 to ${numColumns}, the columns of ${where}`,
    received: String(number),
    fix: 'count the columns of the file from 1.',
    option,
  });
}

function requireSameColumns(
  where: string,
  at: number,
  line: string,
  fields: readonly string[],
  { numColumns, firstAt, isTabbed }: { numColumns: number; firstAt: number; isTabbed: boolean },
): void {
  if (fields.length !== numColumns) {
    throw badLine(where, at, `the line has ${fields.length} column${fields.length === 1 ? '' : 's'}.`, {
      expected: `${numColumns} columns separated by ${isTabbed ? 'tabs' : 'spaces'}, as in line ${firstAt + 1}`,
      received: line,
      fix: 'correct the line, or leave a blank line between sentences.',
    });
  }
  const empty = fields.findIndex((field) => field.trim() === '');
  if (empty >= 0)
    throw badLine(where, at, `column ${empty + 1} is empty.`, {
      expected: 'a value in every column',
      received: line,
      fix: 'fill it in.',
    });
}
