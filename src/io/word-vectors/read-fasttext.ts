import { RondoError } from '../../errors.js';
import type { ByteReader } from './byte-reader.js';
import { VectorCollector, type WordChoice } from './collect.js';
import { BinaryFields, type FastTextHeader, readHeader } from './fasttext-header.js';
import { readFloats } from './read-word2vec-binary.js';
import { Subwords, subwordBuckets } from './subwords.js';
import { WordVectors } from './word-vectors.js';

export interface FastTextChoice extends WordChoice {
  /**
   * Whether words that are not in the file get vectors by their n-grams, which keeps all of these in memory. Default
   * true.
   */
  subwords?: boolean | undefined;
}

/** The token that ends a line. Since version 11 fastText gives it no n-grams. */
const lineEnd = '</s>';

/**
 * Reads a model of fastText (`.bin`): versions 11 and 12, and those before them that have no version. A word's vector
 * is the mean of its own row and of the rows of its n-grams, computed as fastText computes it, to the last bit. Labels
 * are left out.
 *
 * @throws FILE_FORMAT where the file is cut short, damaged, or quantized; FILE_VERSION; DATA_FORMAT naming the entry
 */
export async function readFastText(reader: ByteReader, where: string, choice: FastTextChoice): Promise<WordVectors> {
  const fields = new BinaryFields(reader, where);
  const header = await readHeader(fields);
  const { dimension, numEntries, numWords, buckets } = header;
  const collector = new VectorCollector(dimension, choice, (entry) => `${where}, word ${entry + 1}`);
  // By row of the matrix; undefined for words that are not kept.
  const kept: (string | undefined)[] = [];
  if (choice.encoding !== undefined && header.maxLength > 0 && buckets > 0) {
    throw new RondoError('USAGE', {
      where,
      what: 'n-grams are cut from the bytes of UTF-8.',
      expected: 'no `encoding` for a model with n-grams',
      received: choice.encoding,
      fix: "leave `encoding` out; faultyWords: 'skip' leaves out words in another one.",
    });
  }
  for (let entry = 0; entry < numEntries; entry++) {
    const bytes = await fields.text('a word');
    const isLabel = await fields.skipCountAndReadKind();
    if (!isLabel && entry >= numWords)
      throw fields.damaged('a word stands among the labels.', `${numWords} words first`, `entry ${entry + 1}`);
    kept.push(!isLabel && collector.wants(entry) ? collector.wordOf(bytes, entry) : undefined);
  }
  await fields.skip(8 * header.numPruned, 'the table of pruned n-grams');
  if (header.hasVersion && (await fields.byte('quantization')) !== 0) throw quantized(where);
  if (header.numPruned > 0) throw quantized(where);
  const rows = await fields.int64('the number of rows');
  const width = await fields.int64('the dimension');
  if (rows !== numWords + buckets || width !== dimension)
    throw fields.damaged(
      'the matrix does not fit the dictionary.',
      `[${numWords} words + ${buckets} n-grams, ${dimension}]`,
      `[${rows}, ${width}]`,
    );

  const rowName = (row: number): string => `${where}, row ${row} of the matrix`;
  for (let row = 0; row < numWords; row++) {
    const word = kept[row];
    const raw = await fields.bytes(4 * dimension, rowName(row));
    if (word !== undefined) readFloats(raw, collector.add(word), () => rowName(row));
  }
  const { subwords, values } = await readBuckets(fields, header, collector, choice.subwords ?? true);
  await skipOutput(fields, header);
  return new WordVectors(collector.words, values, subwords);
}

/** Reads the rows of the n-grams (all, or those that kept words need) and adds them to the words. */
async function readBuckets(
  fields: BinaryFields,
  header: FastTextHeader,
  collector: VectorCollector,
  keepsAll: boolean,
): Promise<{ subwords: Subwords | undefined; values: Float32Array }> {
  const { dimension, buckets } = header;
  const { words, values } = collector;
  const cut = { minLength: header.minLength, maxLength: header.maxLength, buckets: header.maxLength > 0 ? buckets : 0 };
  const hasSubwords = cut.buckets > 0;
  const isCut = (word: string): boolean => word !== lineEnd || !header.hasVersion;
  const needed = new Set(
    !keepsAll && hasSubwords ? words.filter(isCut).flatMap((word) => subwordBuckets(word, cut)) : [],
  );
  // Grows with what the file really holds: a damaged header must not allocate.
  const table = new VectorCollector(dimension, {}, () => '');
  const rowOf = keepsAll ? undefined : new Map<number, number>();
  for (let bucket = 0; bucket < buckets; bucket++) {
    const raw = await fields.bytes(4 * dimension, `n-gram row ${bucket}`);
    if (!hasSubwords || !(keepsAll || needed.has(bucket))) continue;
    rowOf?.set(bucket, table.words.length);
    readFloats(raw, table.add(''), () => `${fields.where}, n-gram row ${bucket}`);
  }
  if (!hasSubwords) return { subwords: undefined, values };
  const subwords = new Subwords({ ...cut, dimension, values: table.values, rowOf });
  words.forEach((word, i) => {
    if (isCut(word)) subwords.addTo(values.subarray(i * dimension, (i + 1) * dimension), word, 1);
  });
  return { subwords: keepsAll ? subwords : undefined, values };
}

/** The output matrix, which no vector needs, must be there in full: a file without its end was cut short. */
async function skipOutput(fields: BinaryFields, { hasVersion }: FastTextHeader): Promise<void> {
  if (hasVersion && (await fields.byte('quantization of the output')) !== 0) throw quantized(fields.where);
  const rows = await fields.int64('the number of output rows');
  const width = await fields.int64('the width of the output');
  if (rows < 0 || width < 0)
    throw fields.damaged('the output matrix has an impossible shape.', 'no negative sizes', `[${rows}, ${width}]`);
  await fields.skip(4 * rows * width, 'the output matrix');
  await fields.requireEnd();
}

function quantized(where: string): RondoError {
  return new RondoError('FILE_FORMAT', {
    where,
    what: 'the model is quantized, and its vectors are not kept as numbers.',
    expected: 'a fastText model (.bin) as it was trained',
    received: 'a model compressed with `fasttext quantize` (.ftz)',
    fix: 'give the model it was made from, or its .vec file.',
  });
}
