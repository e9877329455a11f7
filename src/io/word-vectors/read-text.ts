import { RondoError } from '../../errors.js';
import type { ByteReader } from './byte-reader.js';
import { VectorCollector, type WordChoice } from './collect.js';
import { WordVectors } from './word-vectors.js';

/**
 * Reads lines of a word and its numbers. With a header, `words dimension`, it is the text format of word2vec and of
 * fastText's `.vec`; without one it is GloVe's, whose first line tells the dimension.
 *
 * The numbers are the last of a line, so words may hold spaces, as some of GloVe's do.
 *
 * @throws DATA_FORMAT naming the line; FILE_FORMAT where lines are missing or too many
 */
export async function readVectorText(
  reader: ByteReader,
  where: string,
  hasHeader: boolean,
  choice: WordChoice,
): Promise<WordVectors> {
  const lineName = (line: number): string => `${where}, line ${line}`;
  let line = 1;
  let header: { count: number; dimension: number } | undefined;
  if (hasHeader) {
    header = headerOf(asText((await reader.takeLine()) ?? new Uint8Array()), where);
    line = 2;
  }
  let collector: VectorCollector | undefined;
  let count = 0;
  for (let bytes = await reader.takeLine(); bytes !== undefined; bytes = await reader.takeLine(), line++) {
    const end = endWithoutSpaces(bytes);
    if (end === 0 && !(await reader.fill(1))) break;
    if (header !== undefined && count === header.count)
      throw wrongCount(where, header.count, `more, from line ${line} on`, 'the file goes on after its last word.');
    collector ??= new VectorCollector(header?.dimension ?? dimensionOf(bytes, end, lineName(line)), choice, lineName);
    if (!collector.wants(count++)) {
      await reader.close();
      return new WordVectors(collector.words, collector.values);
    }
    const { dimension } = collector;
    const cut = startOfNumbers(bytes, end, dimension);
    if (cut < 0 || hasNumberBefore(bytes, cut)) throw wrongWidth(bytes, end, dimension, lineName(line));
    if (cut === 0) throw emptyWord(lineName(line));
    const word = collector.wordOf(bytes.subarray(0, cut), line);
    if (word !== undefined) parseNumbers(bytes.subarray(cut + 1, end), collector.add(word), lineName(line));
  }
  if (header !== undefined && count < header.count && (choice.limit ?? Infinity) > count)
    throw wrongCount(where, header.count, `${count} words`, 'the file is cut short.');
  if (collector === undefined)
    throw new RondoError('FILE_FORMAT', {
      where,
      what: 'the file holds no words.',
      expected: 'lines of a word and its numbers',
      received: 'nothing',
      fix: 'give a file of word vectors.',
    });
  return new WordVectors(collector.words, collector.values);
}

/** The header of a text or binary file of word2vec. @throws FILE_FORMAT */
export function headerOf(line: string, where: string): { count: number; dimension: number } {
  const found = headerPattern.exec(line);
  const [count, dimension] = [Number(found?.[1]), Number(found?.[2])];
  if (found !== null && Number.isSafeInteger(count) && dimension >= 1 && dimension <= 1_000_000)
    return { count, dimension };
  throw new RondoError('FILE_FORMAT', {
    where: `${where}, line 1`,
    what: 'this is no header.',
    expected: 'the number of words and the dimension, such as `400000 300`',
    received: line.slice(0, 100),
    fix: "give a file with a header, or read it with format: 'glove'.",
  });
}

export const headerPattern = /^\s*(\d+)[ \t]+(\d+)\s*$/;

function asText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09;
}

function endWithoutSpaces(bytes: Uint8Array): number {
  let end = bytes.length;
  while (end > 0 && isSpace(bytes[end - 1])) end--;
  return end;
}

/** The place of the space before the last `count` fields; -1 where there are fewer. */
function startOfNumbers(bytes: Uint8Array, end: number, count: number): number {
  let at = end;
  for (let field = 0; field < count; field++) {
    while (at > 0 && !isSpace(bytes[at - 1])) at--;
    if (at === 0) return -1;
    if (field < count - 1) while (at > 0 && isSpace(bytes[at - 1])) at--;
  }
  return at - 1;
}

/** Whether what stands before the numbers ends with a number of its own: then the dimension is wrong. */
function hasNumberBefore(bytes: Uint8Array, cut: number): boolean {
  const before = asText(bytes.subarray(0, cut)).trimEnd();
  const space = before.lastIndexOf(' ');
  return space > 0 && /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(before.slice(space + 1));
}

function dimensionOf(bytes: Uint8Array, end: number, where: string): number {
  const fields = asText(bytes.subarray(0, end)).split(/[ \t]+/);
  const [word, ...numbers] = fields;
  const wrong = numbers.findIndex((field) => !isNumber(field));
  if (numbers.length > 0 && wrong < 0) return numbers.length;
  throw new RondoError('DATA_FORMAT', {
    where,
    what: 'this is no line of word vectors.',
    expected: 'a word and its numbers, separated by spaces',
    received: wrong < 0 ? word.slice(0, 100) : `${numbers[wrong].slice(0, 50)} as number ${wrong + 1}`,
    fix: 'give a file of word vectors in the format of word2vec, GloVe or fastText.',
  });
}

function isNumber(field: string): boolean {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(field);
}

function parseNumbers(bytes: Uint8Array, target: Float32Array, where: string): void {
  const fields = asText(bytes).split(/[ \t]+/);
  for (let i = 0; i < target.length; i++) {
    target[i] = Number(fields[i]);
    // A value beyond single precision is as wrong as one that is no number.
    if (!Number.isFinite(target[i]) || !isNumber(fields[i])) {
      throw new RondoError('DATA_FORMAT', {
        where,
        what: `value ${i + 1} is no finite number.`,
        expected: 'a number in decimal notation, within single precision',
        received: fields[i].slice(0, 50),
        fix: 'correct the line, or write the file again.',
      });
    }
  }
}

function wrongWidth(bytes: Uint8Array, end: number, dimension: number, where: string): RondoError {
  const fields = asText(bytes.subarray(0, end)).split(/[ \t]+/);
  return new RondoError('DATA_FORMAT', {
    where,
    what: 'the line has the wrong number of values.',
    expected: `a word and ${dimension} numbers`,
    received:
      end === 0
        ? 'an empty line'
        : `${fields.slice(1).filter(isNumber).length} numbers after ${JSON.stringify(fields[0].slice(0, 50))}`,
    fix: 'copy or download the file again, or correct the line.',
  });
}

function wrongCount(where: string, expected: number, received: string, what: string): RondoError {
  return new RondoError('FILE_FORMAT', {
    where,
    what,
    expected: `${expected} words, as line 1 says`,
    received,
    fix: 'copy or download the file again, or correct its first line.',
  });
}

/** The error for an entry without a word. */
export function emptyWord(where: string): RondoError {
  return new RondoError('DATA_FORMAT', {
    where,
    what: 'the word is empty.',
    expected: 'a word before its numbers',
    received: 'nothing',
    fix: 'remove the entry, or write the file again.',
  });
}
