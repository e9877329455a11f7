import { RondoError, refuseUnknownOptions, requireCount, unknownName } from '../../errors.js';
import { fileKindOf } from '../file-kind.js';
import { ByteReader, type ByteSource } from './byte-reader.js';
import type { WordChoice } from './collect.js';
import { fastTextMagic } from './fasttext-header.js';
import { readFastText } from './read-fasttext.js';
import { headerPattern, readVectorText } from './read-text.js';
import { readWord2VecBinary } from './read-word2vec-binary.js';
import type { WordVectors } from './word-vectors.js';

const formats = ['text', 'glove', 'word2vecBinary', 'fastText'] as const;
export type VectorFormat = (typeof formats)[number];

export interface ReadWordVectorsOptions extends WordChoice {
  /**
   * `text`: word2vec's text format and fastText's `.vec`, with a header. `glove`: the same lines without a header.
   * `word2vecBinary`: word2vec's `.bin`. `fastText`: fastText's `.bin`. By default the content tells.
   */
  format?: VectorFormat | undefined;
  /** For fastText models: whether words that are not in the file get vectors by their n-grams. Default true. */
  subwords?: boolean | undefined;
  /** The file's name, for messages. */
  where?: string | undefined;
}

/**
 * Word vectors from bytes, read as they arrive: of the file only the wanted words stay in memory (and the n-grams of a
 * fastText model).
 *
 * @example
 * const vectors = await readWordVectors((await fetch('glove.6B.100d.txt')).body!, { limit: 50_000 });
 *
 * @throws FILE_FORMAT, DATA_FORMAT, FILE_VERSION naming the line, word or byte; UNKNOWN_NAME, OUT_OF_RANGE
 */
export async function readWordVectors(source: ByteSource, options: ReadWordVectorsOptions = {}): Promise<WordVectors> {
  const where = options.where ?? 'readWordVectors';
  refuseUnknownOptions('readWordVectors', options, [
    'format',
    'subwords',
    'where',
    'limit',
    'keep',
    'faultyWords',
    'encoding',
  ]);
  const { format, subwords = true, limit, keep, faultyWords = 'refuse', encoding } = options;
  if (format !== undefined && !formats.includes(format))
    throw unknownName('readWordVectors', 'format', format, formats);
  if (limit !== undefined) requireCount('readWordVectors', 'limit', limit);
  if (faultyWords !== 'refuse' && faultyWords !== 'skip')
    throw unknownName('readWordVectors', 'choice of `faultyWords`', String(faultyWords), ['refuse', 'skip']);
  if (encoding !== undefined) requireEncoding(encoding);
  const reader = new ByteReader(source);
  try {
    const choice = { limit, keep, faultyWords, encoding };
    const found = format ?? formatOf(await reader.peek(4096), where);
    if (found === 'fastText') return await readFastText(reader, where, { ...choice, subwords });
    if (found === 'word2vecBinary') return await readWord2VecBinary(reader, where, choice);
    // A byte order mark is no part of the first word.
    if (startsWithMark(await reader.peek(3))) reader.take(3);
    return await readVectorText(reader, where, found === 'text', choice);
  } finally {
    await reader.close();
  }
}

function startsWithMark(bytes: Uint8Array): boolean {
  return bytes.length === 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

function requireEncoding(label: string): void {
  try {
    new TextDecoder(label);
  } catch (cause) {
    throw new RondoError('UNKNOWN_NAME', {
      where: 'readWordVectors',
      what: `unknown encoding \`${label}\`.`,
      expected: 'a label of the Encoding Standard, such as utf-8, windows-1252, gb18030',
      received: label,
      fix: 'convert the file to UTF-8 with another program.',
      cause,
    });
  }
}

/** Tells a format by the first bytes of a file. @throws FILE_FORMAT */
export function formatOf(head: Uint8Array, where: string): VectorFormat {
  if (head.length >= 60) {
    const view = new DataView(head.buffer, head.byteOffset, head.length);
    if (view.getInt32(0, true) === fastTextMagic) return 'fastText';
    // Before version 11 a model began with small numbers: no text holds zero bytes there.
    const numbers = Array.from({ length: 12 }, (_, i) => view.getInt32(4 * i, true));
    if (numbers.every((value) => value >= 0 && value < 2 ** 24) && numbers[0] > 0 && head[3] === 0) return 'fastText';
  }
  const end = head.indexOf(0x0a);
  const text = new TextDecoder();
  const first = text.decode(head.subarray(0, end < 0 ? head.length : end));
  const header = headerPattern.exec(first);
  if (header !== null) {
    const space = head.indexOf(0x20, end + 1);
    // As text the numbers of a line take at least two characters each.
    const values = text.decode(head.subarray(space + 1, space + 1 + Math.min(16, 2 * Number(header[2]) - 1)));
    return end < 0 || space < 0 || /^[-+.\deE\s]*$/.test(values) ? 'text' : 'word2vecBinary';
  }
  if (head.length > 0 && !head.subarray(0, end < 0 ? undefined : end).includes(0) && /[^ \t][ \t]+[-+.\d]/.test(first))
    return 'glove';
  const kind = fileKindOf(head);
  throw new RondoError('FILE_FORMAT', {
    where,
    what: `this is no file of word vectors${kind === undefined ? '.' : `; it looks like ${kind}.`}`,
    expected: 'the text or binary format of word2vec, GloVe, or fastText (.vec, .bin)',
    received: JSON.stringify(first.slice(0, 60)),
    fix: 'unpack the file if it is an archive, or give another one.',
  });
}
