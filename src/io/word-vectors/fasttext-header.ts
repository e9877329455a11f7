import { RondoError } from '../../errors.js';
import type { ByteReader } from './byte-reader.js';

/** First number of fastText models since version 11. */
export const fastTextMagic = 793712314;

/** What the beginning of a fastText model says. */
export interface FastTextHeader {
  /** False for files older than version 11. */
  readonly hasVersion: boolean;
  readonly dimension: number;
  /** Rows for n-grams. */
  readonly buckets: number;
  /** Shortest and longest n-gram in characters; a longest of 0 means none. */
  readonly minLength: number;
  readonly maxLength: number;
  /** Words and labels. */
  readonly numEntries: number;
  readonly numWords: number;
  /** N-grams that quantization kept. */
  readonly numPruned: number;
}

/** Fields of a binary file, little endian, read one after the other. Every fault is FILE_FORMAT with the byte. */
export class BinaryFields {
  readonly #reader: ByteReader;

  constructor(
    reader: ByteReader,
    readonly where: string,
  ) {
    this.#reader = reader;
  }

  /** Bytes that are valid until the next call. */
  async bytes(count: number, what: string): Promise<Uint8Array> {
    if (!this.#reader.has(count) && !(await this.#reader.fill(count))) throw this.#cutShort(what);
    return this.#reader.take(count);
  }

  async byte(what: string): Promise<number> {
    return (await this.bytes(1, what))[0];
  }

  async int32(what: string): Promise<number> {
    return viewOf(await this.bytes(4, what)).getInt32(0, true);
  }

  async int64(what: string): Promise<number> {
    return Number(viewOf(await this.bytes(8, what)).getBigInt64(0, true));
  }

  /** Bytes up to a zero byte. */
  async text(what: string): Promise<Uint8Array> {
    const bytes = await this.#reader.takeUntil(0, 1_000_000);
    if (bytes === undefined) throw this.#cutShort(what);
    return bytes.slice();
  }

  /** Passes over a word's count and reads whether it is a label. */
  async skipCountAndReadKind(): Promise<boolean> {
    const kind = (await this.bytes(9, 'the count of a word'))[8];
    if (kind > 1) throw this.damaged('an entry is neither word nor label.', '0 or 1', String(kind));
    return kind === 1;
  }

  async skip(count: number, what: string): Promise<void> {
    if (!(await this.#reader.skip(count))) throw this.#cutShort(what);
  }

  async requireEnd(): Promise<void> {
    if (await this.#reader.fill(1))
      throw this.damaged('the file goes on after its end.', `${this.#reader.position} bytes`, 'more bytes');
  }

  damaged(what: string, expected: string, received: string): RondoError {
    return new RondoError('FILE_FORMAT', {
      where: `${this.where}, byte ${this.#reader.position}`,
      what,
      expected,
      received,
      fix: 'copy or download the file again.',
    });
  }

  #cutShort(what: string): RondoError {
    return this.damaged('the file is cut short.', what, 'the end of the file');
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Every number that a header holds after the dimension and the window, in its order. */
const argumentNames = [
  'epochs',
  'minCount',
  'negatives',
  'wordNgrams',
  'loss',
  'model',
  'buckets',
  'minLength',
  'maxLength',
  'updateRate',
] as const;
const supervised = 3;

/** @throws FILE_FORMAT, FILE_VERSION */
export async function readHeader(fields: BinaryFields): Promise<FastTextHeader> {
  const first = await fields.int32('the header');
  const second = await fields.int32('the header');
  const hasVersion = first === fastTextMagic;
  if (hasVersion && (second < 11 || second > 12)) {
    throw new RondoError('FILE_VERSION', {
      where: fields.where,
      what: 'this version of fastText models is not known.',
      expected: 'version 11 or 12',
      received: `version ${second}`,
      fix: 'save the vectors as text (.vec) with the program that wrote the file.',
    });
  }
  const dimension = hasVersion ? await fields.int32('the dimension') : first;
  if (hasVersion) await fields.int32('the window');
  const given = {} as Record<(typeof argumentNames)[number], number>;
  for (const name of argumentNames) given[name] = await fields.int32(name);
  await fields.skip(8, 'the sampling threshold');
  const numEntries = await fields.int32('the number of words');
  const numWords = await fields.int32('the number of words');
  const numLabels = await fields.int32('the number of labels');
  await fields.skip(8, 'the number of tokens');
  const numPruned = hasVersion ? Math.max(0, await fields.int64('the number of pruned n-grams')) : 0;
  const { buckets, minLength } = given;
  const isPossible =
    dimension > 0 &&
    dimension <= 1_000_000 &&
    numWords >= 0 &&
    numLabels >= 0 &&
    numEntries === numWords + numLabels &&
    buckets >= 0 &&
    minLength >= 0 &&
    given.maxLength >= 0 &&
    given.maxLength < 1000;
  if (!isPossible)
    throw fields.damaged(
      'the header is impossible.',
      'sizes that fit together',
      JSON.stringify({ dimension, ...given, numEntries, numWords, numLabels }),
    );
  // Classifiers of version 11 say that they have n-grams, and have none.
  const maxLength = hasVersion && second === 11 && given.model === supervised ? 0 : given.maxLength;
  return { hasVersion, dimension, buckets, minLength, maxLength, numEntries, numWords, numPruned };
}
