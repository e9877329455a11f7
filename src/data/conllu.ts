import { RondoError, refuseUnknownOptions, unknownName } from '../errors.js';
import { badLine, linesWithEnds, plainLines, requireSentences, type SentenceLines, withEnds } from './tagged-lines.js';

/** The columns of CoNLL-U by name, in their order. */
export const conlluColumns = [
  'id',
  'form',
  'lemma',
  'upos',
  'xpos',
  'feats',
  'head',
  'deprel',
  'deps',
  'misc',
] as const;
export type ConlluColumn = (typeof conlluColumns)[number];

/** Whether a column's `_` means that there is no value; of features it means that a word has none, which is one. */
function isValue(column: string, value: string): boolean {
  return value !== '_' || column.toLowerCase() === 'feats';
}

/** Words with what a column holds for each. */
export interface ConlluTags {
  /** Sentences, cut where words without a value are left out. */
  readonly words: readonly (readonly string[])[];
  readonly tags: readonly (readonly string[])[];
  /** Words left out, because `_` in their column is no value. */
  readonly numUntagged: number;
}

/** A file in CoNLL-U: its sentences, and every line, so that it can be written again with one column changed. */
export class ConlluFile {
  readonly #ends: readonly string[] | undefined;

  constructor(
    /** The file's name, for messages. */
    readonly where: string,
    readonly lines: readonly string[],
    /** Words only: multi-word tokens (`1-2`) and empty nodes (`2.1`) are lines, but no words. */
    readonly sentences: readonly SentenceLines[],
    /** What ends each line. Default LF. */
    ends?: readonly string[],
  ) {
    this.#ends = ends;
  }

  /** By sentence: what a column holds for each word. @throws UNKNOWN_NAME */
  column(name: string): string[][] {
    const at = columnIndex(this.where, name);
    return this.sentences.map(({ fields }) => fields.map((field) => field[at]));
  }

  /** The words that have a value in a column, with it. @throws UNKNOWN_NAME; DATA_FORMAT where no word has one */
  tagged(name: string): ConlluTags {
    const words: string[][] = [];
    const tags: string[][] = [];
    let numUntagged = 0;
    this.column(name).forEach((values, s) => {
      let isOpen = false;
      values.forEach((value, i) => {
        if (!isValue(name, value)) {
          numUntagged++;
          isOpen = false;
          return;
        }
        if (!isOpen) {
          words.push([]);
          tags.push([]);
          isOpen = true;
        }
        words[words.length - 1].push(this.sentences[s].words[i]);
        tags[tags.length - 1].push(value);
      });
    });
    if (words.length > 0) return { words, tags, numUntagged };
    throw new RondoError('DATA_FORMAT', {
      where: this.where,
      what: `the column \`${name}\` holds no value.`,
      expected: 'tags; `_` stands for none',
      received: `\`_\` for each of ${numUntagged} words`,
      fix: 'choose another column.',
    });
  }

  /**
   * The file with another content of one column; comments, multi-word tokens and empty nodes stay as they are.
   *
   * @param values by sentence, one for each word; where a text is empty it becomes `_`.
   */
  withColumn(name: string, values: readonly (readonly string[])[]): string {
    const at = columnIndex(this.where, name);
    const lines = [...this.lines];
    this.sentences.forEach(({ fields, lines: places }, s) => {
      if (values[s]?.length !== fields.length) {
        throw new RondoError('SHAPE_MISMATCH', {
          where: `ConlluFile.withColumn, sentence ${s + 1}`,
          what: 'there is not one value for each word.',
          expected: `${fields.length} values`,
          received: `${values[s]?.length ?? 0}`,
          fix: 'give the values of every word of every sentence.',
        });
      }
      places.forEach(
        (line, i) =>
          (lines[line] = fields[i].map((field, column) => (column === at ? values[s][i] || '_' : field)).join('\t')),
      );
    });
    return withEnds(lines, this.#ends);
  }
}

export interface ReadConlluOptions {
  /** The file's name, for messages. */
  where: string;
}

/**
 * Reads CoNLL-U text (Universal Dependencies, https://universaldependencies.org/format.html): ten columns separated by
 * tabs, a blank line after each sentence, comments that begin with `#`.
 *
 * @throws DATA_FORMAT naming file and line for another number of columns, an empty column, an ID out of order, or no
 * words
 */
export function readConllu(text: string, options: ReadConlluOptions): ConlluFile {
  refuseUnknownOptions('readConllu', options, ['where']);
  const { where } = options;
  const { lines, ends } = linesWithEnds(text);
  const sentences: SentenceLines[] = [];
  let open: { words: string[]; lines: number[]; fields: string[][] } | undefined;
  const close = (): void => {
    if (open !== undefined && open.words.length > 0) sentences.push(open);
    open = undefined;
  };
  lines.forEach((line, at) => {
    if (line.trim() === '') return close();
    if (line.startsWith('#')) return;
    const fields = line.split('\t');
    requireFields(where, at, line, fields);
    open ??= { words: [], lines: [], fields: [] };
    if (!isWord(where, at, fields[0], open.words.length)) return;
    open.words.push(fields[1]);
    open.lines.push(at);
    open.fields.push(fields);
  });
  close();
  requireSentences(where, sentences, 'CoNLL-U: lines of ten columns separated by tabs');
  return new ConlluFile(where, lines, sentences, ends);
}

/** Whether a text looks like CoNLL-U: its first line that is no comment has ten columns and begins with an ID. */
export function looksLikeConllu(text: string): boolean {
  const first = plainLines(text.slice(0, 65_536)).find((line) => line.trim() !== '' && !line.startsWith('#'));
  return first !== undefined && /^\d+([-.]\d+)?\t/.test(first) && first.split('\t').length === conlluColumns.length;
}

function columnIndex(where: string, name: string): number {
  const at = (conlluColumns as readonly string[]).indexOf(name.toLowerCase());
  if (at < 0) throw unknownName(where, 'column', name, conlluColumns);
  return at;
}

function requireFields(where: string, at: number, line: string, fields: readonly string[]): void {
  if (fields.length !== conlluColumns.length) {
    const isSpaced = fields.length === 1 && line.trim().split(/ +/).length === conlluColumns.length;
    throw badLine(where, at, `the line has ${fields.length} column${fields.length === 1 ? '' : 's'}.`, {
      expected: `${conlluColumns.length} columns separated by tabs: ${conlluColumns.join(', ')}`,
      received: line,
      fix: isSpaced
        ? 'separate the columns by tabs; spaces may be part of a word.'
        : 'correct the line; a column without a value holds `_`.',
    });
  }
  const empty = fields.findIndex((field) => field.trim() === '');
  if (empty < 0) return;
  throw badLine(where, at, `the column \`${conlluColumns[empty]}\` is empty.`, {
    expected: 'a value, or `_` where there is none',
    received: line,
    fix: 'write `_` into it.',
  });
}

/**
 * Whether an ID is that of a word and not of a multi-word token or an empty node. @param before how many words came
 * before.
 */
function isWord(where: string, at: number, id: string, before: number): boolean {
  const fault = (expected: string): RondoError =>
    badLine(where, at, `the ID \`${id}\` is out of order.`, {
      expected,
      received: id,
      fix: 'number the words of a sentence 1, 2, 3 ..., and end every sentence with a blank line.',
    });
  const [, first, sign, second] = /^(\d+)(?:([-.])(\d+))?$/.exec(id) ?? [];
  if (first === undefined) {
    throw badLine(where, at, `\`${id}\` is no ID.`, {
      expected: 'a number; two joined by `-` for a multi-word token, by `.` for an empty node',
      received: id,
      fix: 'correct the first column.',
    });
  }
  if (sign === '-') {
    if (Number(first) !== before + 1 || Number(second) < Number(first))
      throw fault(`a multi-word token that begins with ${before + 1}`);
    return false;
  }
  if (sign === '.') {
    if (Number(first) !== before || Number(second) < 1)
      throw fault(`an empty node after word ${before}: ${before}.1, ...`);
    return false;
  }
  if (Number(first) !== before + 1) throw fault(`${before + 1}`);
  return true;
}
