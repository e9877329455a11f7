import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expectClose } from '../../../test/support/close.js';
import { itWithData } from '../../../test/support/published-data.js';
import { loadWordVectors } from './load-word-vectors.js';
import { nearestWords, wordAnalogy } from './neighbours.js';
import { type ReadWordVectorsOptions, readWordVectors } from './read-word-vectors.js';
import { subwordBuckets, subwordHash } from './subwords.js';
import type { WordVectors } from './word-vectors.js';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (text: string, options: ReadWordVectorsOptions = {}): Promise<WordVectors> =>
  readWordVectors(utf8(text), { where: 'v.txt', ...options });

async function messageOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no error',
    (error: Error) => error.message,
  );
}

/** The bytes in pieces of `size`, as a slow stream would bring them. */
async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}

function concatenated(...parts: (Uint8Array | string | number[] | Float32Array | bigint)[]): Uint8Array {
  return new Uint8Array(
    Buffer.concat(
      parts.map((part) => {
        if (typeof part === 'string') return Buffer.from(part, 'utf8');
        if (part instanceof Uint8Array) return Buffer.from(part);
        if (typeof part === 'bigint') return Buffer.from(new BigInt64Array([part]).buffer);
        return Buffer.from(part instanceof Float32Array ? part.buffer : new Int32Array(part).buffer);
      }),
    ),
  );
}

/** A fastText model of version 12 with two words, three buckets and n-grams of 2 characters. */
function tinyFastText({ quantized = 0, words = ['né', '</s>'] } = {}): Uint8Array {
  const args = [793712314, 12, 2, 5, 5, 1, 5, 1, 2, 1, 3, 2, 2, 100];
  const dictionary = words.map((word) => concatenated(word, new Uint8Array([0]), 7n, new Uint8Array([0])));
  return concatenated(
    args,
    new Uint8Array(8),
    [2, 2, 0],
    14n,
    -1n,
    ...dictionary,
    new Uint8Array([quantized]),
    5n,
    2n,
    Float32Array.of(1, 2, 3, 4, 10, 20, 100, 200, 1000, 2000),
    new Uint8Array([0]),
    2n,
    2n,
    new Float32Array(4),
  );
}

describe('text files', () => {
  it('are read with and without a header, in pieces of any size', async () => {
    for (const [text, format] of [
      ['2 3\nthe 1 -2 .5 \n中文 4e-1 5 6\n', 'text'],
      ['the 1 -2 .5\n中文 4e-1 5 6', 'glove'],
      ['2 3\r\nthe 1 -2 .5\r\n中文 0.4 5 6\r\n', 'text'],
    ] as const) {
      for (const size of [1, 2, 7, 1000]) {
        for (const given of [undefined, format]) {
          const vectors = await readWordVectors(pieces(utf8(text), size), { format: given });
          expect([vectors.dimension, ...vectors.words]).toEqual([3, 'the', '中文']);
          expect([...vectors.values]).toEqual([1, -2, 0.5, Math.fround(0.4), 5, 6]);
        }
      }
    }
  });
  it('may hold words with spaces and words of exotic white space', async () => {
    const vectors = await read('the 7 8\n. . . 1 2\n\u00a0 3 4\n\u3000 5 6\n');
    expect(vectors.words).toEqual(['the', '. . .', '\u00a0', '\u3000']);
  });
  it('are cut to a limit and to wanted words', async () => {
    const text = '4 1\na 1\nb 2\nc 3\nd 4\n';
    expect((await read(text, { limit: 2 })).words).toEqual(['a', 'b']);
    expect((await read(text, { keep: (word) => word > 'b' })).words).toEqual(['c', 'd']);
    expect((await read(text, { keep: (word) => word > 'b', limit: 3 })).words).toEqual(['c']);
    expect((await read(text, { limit: 4 })).words).toEqual(['a', 'b', 'c', 'd']);
  });
  it.each([
    [
      '3 2\na 1 2\nb 3 4\n',
      '[FILE_FORMAT] v.txt: the file is cut short.\n  expected: 3 words, as line 1 says\n  received: 2 words',
    ],
    [
      '1 2\na 1 2\nb 3 4\n',
      '[FILE_FORMAT] v.txt: the file goes on after its last word.\n  expected: 1 words, as line 1 says\n  ' +
        'received: more, from line 3 on',
    ],
    [
      '2 3\na 1 2 3\nb 3 4\n',
      '[DATA_FORMAT] v.txt, line 3: the line has the wrong number of values.\n  expected: a word and 3 numbers\n' +
        '  received: 2 numbers after "b"',
    ],
    ['2 2\na 1 2\nb 3 4 5\n', '[DATA_FORMAT] v.txt, line 3: the line has the wrong number of values.'],
    ['a 1 2\nb 3 4 5\n', '[DATA_FORMAT] v.txt, line 2: the line has the wrong number of values.'],
    [
      'a 1 2\n\nb 3 4\n',
      '[DATA_FORMAT] v.txt, line 2: the line has the wrong number of values.\n  expected: a word and 2 numbers\n' +
        '  received: an empty line',
    ],
    ['a 1 2\nb 3 4x\n', '[DATA_FORMAT] v.txt, line 2: value 2 is no finite number.'],
    ['a 1 2\nb 3 nan\n', '[DATA_FORMAT] v.txt, line 2: value 2 is no finite number.'],
    ['a 1 2\nb 3 1e39\n', '[DATA_FORMAT] v.txt, line 2: value 2 is no finite number.'],
    ['a 1 2\nb 3 0x1\n', '[DATA_FORMAT] v.txt, line 2: value 2 is no finite number.'],
    ['a 1 2\n 3 4\n', '[DATA_FORMAT] v.txt, line 2: the word is empty.'],
    [
      'a 1 2\nb 3 4\na 5 6\n',
      '[DATA_FORMAT] v.txt, line 3: the word "a" comes twice.\n  expected: different words\n  received: the ' +
        'same word as in v.txt, line 1',
    ],
    ['no numbers here\n', '[FILE_FORMAT] v.txt: this is no file of word vectors; it looks like a text file.'],
    ['', '[FILE_FORMAT] v.txt: this is no file of word vectors; it looks like an empty file.'],
    ['2 2\n', '[FILE_FORMAT] v.txt: the file is cut short.\n  expected: 2 words'],
  ])('are refused where they are broken: %j', async (text, message) => {
    expect(await messageOf(read(text))).toContain(message);
  });
  it('are refused where a word is not in UTF-8, unless the encoding is named or such words are skipped', async () => {
    const bytes = concatenated('caf', new Uint8Array([0xe9]), ' 1 2\nthe 3 4\n');
    expect(await messageOf(readWordVectors(bytes, { where: 'v.txt' }))).toBe(
      '[DATA_FORMAT] v.txt, line 1: the word is not in UTF-8.\n  expected: text in UTF-8\n  received: 0xe9 at ' +
        `byte 3 of "café"\n  fix: name the encoding of the file, or leave such words out with faultyWords: 'skip'.`,
    );
    expect((await readWordVectors(bytes, { encoding: 'windows-1252' })).words).toEqual(['café', 'the']);
    const euro = concatenated(new Uint8Array([0x80]), ' 1 2\nthe 3 4\n');
    expect((await readWordVectors(euro, { encoding: 'windows-1252' })).words).toEqual(['€', 'the']);
    expect((await readWordVectors(bytes, { faultyWords: 'skip' })).words).toEqual(['the']);
    expect((await read('a 1\nb 2\na 3\n', { faultyWords: 'skip' })).values).toEqual(Float32Array.of(1, 2));
  });
  it('may begin with a byte order mark', async () => {
    for (const text of ['the 1 2\ncat 3 4\n', '2 2\nthe 1 2\ncat 3 4\n'])
      expect((await read(`\ufeff${text}`)).words).toEqual(['the', 'cat']);
  });
  it('need options that exist', async () => {
    expect(await messageOf(read('a 1\n', { limits: 1 } as object))).toContain('did you mean `limit`');
    expect(await messageOf(read('a 1\n', { format: 'golve' as 'glove' }))).toContain('did you mean `glove`');
    expect(await messageOf(read('a 1\n', { limit: 0 }))).toContain('[OUT_OF_RANGE]');
    expect(await messageOf(read('a 1\n', { encoding: 'cp852' }))).toContain('unknown encoding `cp852`');
    expect(await messageOf(read('a 1\n', { format: 'text' }))).toContain(
      '[FILE_FORMAT] v.txt, line 1: this is no header.',
    );
  });
});

describe('binary files of word2vec', () => {
  const floats = Float32Array.of(1.5, -2.5);
  const file = concatenated('2 2\nthe ', floats, '\n日 ', floats, '\n');
  it('are read with and without line ends, in pieces of any size', async () => {
    for (const bytes of [file, concatenated('2 2\nthe ', floats, '日 ', floats)]) {
      for (const size of [1, 3, 1000]) {
        const vectors = await readWordVectors(pieces(bytes, size));
        expect(vectors.words).toEqual(['the', '日']);
        expect([...vectors.values]).toEqual([1.5, -2.5, 1.5, -2.5]);
      }
    }
  });
  it('are refused where they are broken', async () => {
    const message = (bytes: Uint8Array): Promise<string> =>
      messageOf(readWordVectors(bytes, { where: 'v.bin', format: 'word2vecBinary' }));
    for (let size = 13; size < file.length - 1; size++)
      expect(await message(file.subarray(0, size)), `${size} bytes`).toContain(
        '[FILE_FORMAT] v.bin: the file is cut short.',
      );
    expect(await message(concatenated(file, 'x'))).toContain('the file goes on after its last word');
    expect(await message(concatenated('2 2\nthe ', floats, 'the ', floats))).toContain(
      '[DATA_FORMAT] v.bin, word 2: the word "the" comes twice.',
    );
    expect(await message(concatenated('1 1\nthe ', Float32Array.of(NaN)))).toContain(
      '[DATA_FORMAT] v.bin, word 1, which ends at byte 12: value 1 is not finite.',
    );
    expect(await message(concatenated('1 2\nth ', new Uint8Array(4)))).toContain('incomplete at byte 7');
  });
});

describe('fastText models', () => {
  it('give each word the mean of its row and its n-grams, and unknown words that of their n-grams', async () => {
    const vectors = await readWordVectors(tinyFastText());
    const rows = [
      [10, 20],
      [100, 200],
      [1000, 2000],
    ];
    const buckets = ['<n', 'né', 'é>'].map((gram) => subwordHash(utf8(gram)) % 3);
    expect(subwordBuckets('né', { minLength: 2, maxLength: 2, buckets: 3 })).toEqual(buckets);
    const mean = (index: number): number =>
      (buckets.reduce((sum, bucket) => sum + rows[bucket][index], 0) + index + 1) / 4;
    expectClose(vectors.get('né')!, [mean(0), mean(1)], 1e-6, 'né');
    expect([...vectors.get('</s>')!]).toEqual([3, 4]);
    const unknown = subwordBuckets('x', { minLength: 2, maxLength: 2, buckets: 3 });
    expect(unknown.length).toBe(2);
    expectClose(
      vectors.get('x')!,
      [(rows[unknown[0]][0] + rows[unknown[1]][0]) / 2, (rows[unknown[0]][1] + rows[unknown[1]][1]) / 2],
      1e-6,
      'x',
    );
    const frugal = await readWordVectors(tinyFastText(), { subwords: false, keep: (word) => word === 'né' });
    expect([...frugal.get('né')!]).toEqual([...vectors.get('né')!]);
    expect(frugal.get('x')).toBeUndefined();
  });
  it('cut n-grams between characters and leave lone brackets out', () => {
    const grams = (word: string, minLength: number, maxLength: number): number =>
      subwordBuckets(word, { minLength, maxLength, buckets: 1000 }).length;
    expect(grams('日本', 1, 1)).toBe(2);
    expect(grams('日本', 3, 6)).toBe(3);
    expect(grams('🎉', 3, 3)).toBe(1);
    expect(grams('', 3, 6)).toBe(0);
    expect(grams('a', 5, 6)).toBe(0);
    // Published values of the hash: bytes below 0x80 are plain FNV-1a.
    expect(subwordHash(utf8('a'))).toBe(0xe40c292c);
    expect(subwordHash(utf8('foobar'))).toBe(0xbf9cf968);
    // Bytes from 0x80 up are taken as negative; plain FNV-1a gives 0x1e9de8c1, 0xfb005d77 and 0x80d4e4fd.
    expect([subwordHash(utf8('é')), subwordHash(utf8('<né')), subwordHash(utf8('日'))]).toEqual([
      0x3cfa68c1, 0xb4028977, 0xbf8a57fd,
    ]);
    expect(subwordHash(utf8('xéy'), 1, 3)).toBe(0x3cfa68c1);
  });
  it('are refused where they are quantized, unknown or cut short', async () => {
    const message = (bytes: Uint8Array): Promise<string> =>
      messageOf(readWordVectors(bytes, { where: 'v.bin', format: 'fastText' }));
    expect(await message(tinyFastText({ quantized: 1 }))).toContain('[FILE_FORMAT] v.bin: the model is quantized');
    const later = tinyFastText();
    later[4] = 13;
    expect(await message(later)).toContain(
      '[FILE_VERSION] v.bin: this version of fastText models is not known.\n  expected: version 11 or 12\n  ' +
        'received: version 13',
    );
    const whole = tinyFastText();
    for (let size = 0; size < whole.length; size++)
      expect(await message(whole.subarray(0, size)), `${size} bytes`).toMatch(
        /^\[FILE_FORMAT\] v\.bin, byte \d+: the file is cut short\./,
      );
    expect(await message(concatenated(whole, 'x'))).toContain('goes on after its end');
    expect(await message(tinyFastText({ words: ['a', 'a'] }))).toContain(
      '[DATA_FORMAT] v.bin, word 2: the word "a" comes twice.',
    );
  });
});

describe('neighbours', () => {
  const vectors = read('king 1 1 0\nqueen 1 0 1\nman 0 1 0\nwoman 0 0 1\nzero 0 0 0\nKing 2 2 0\n');
  it('are ordered by their cosine, without the word itself', async () => {
    expect((await vectors).size).toBe(6);
    const found = nearestWords(await vectors, 'king', 3);
    expect(found.map(({ word }) => word)).toEqual(['King', 'man', 'queen']);
    expectClose(
      found.map(({ similarity }) => similarity),
      [1, Math.SQRT1_2, 0.5],
      1e-12,
      'similarities',
    );
    expect(nearestWords(await vectors, [0, 0, 3], 1)[0].word).toBe('woman');
    expect(nearestWords(await vectors, 'zero', 100).every(({ similarity }) => similarity === 0)).toBe(true);
  });
  it('answer analogies', async () => {
    expect(wordAnalogy(await vectors, ['man', 'king', 'woman'], 1)[0].word).toBe('queen');
  });
  it('answer analogies by directions: how long a vector is does not count', async () => {
    // The vectors as they are would make a + (0, 100) of the long one, which is nearest to `long`.
    const uneven = await read('man 1 0 0\nking 0 9 0\nwoman 0.2 0 0.2\nqueen -0.2 1 0.7\nlong -0.1 9 0.1\n');
    expect(wordAnalogy(uneven, ['man', 'king', 'woman'], 2).map(({ word }) => word)).toEqual(['queen', 'long']);
  });
  it('answer analogies with none of the words that were asked with, and by the way from the first to the second', async () => {
    // Of unit vectors b - a + c is (0, 0.85, 0.61), nearest to b itself; a - b + c is (1.2, 0.74, -0.41).
    const close = await read('a 0.6 0.8 0\nb 0 1 0.6\nc 0.6 0.8 0.1\nright -0.2 1 0.2\nwrong 1.2 0.7 -0.4\n');
    const found = wordAnalogy(close, ['a', 'b', 'c'], 9).map(({ word }) => word);
    expect(found).toEqual(['right', 'wrong']);
  });
  it('refuse words that have no vector', async () => {
    const known = await vectors;
    expect(() => nearestWords(known, 'quen')).toThrow(
      '[UNKNOWN_NAME] nearestWords: there is no vector for "quen"; did you mean "queen"',
    );
    expect(() => nearestWords(known, [1])).toThrow('[SHAPE_MISMATCH]');
    expect(() => wordAnalogy(known, ['man', 'king', '🎉'])).toThrow('[UNKNOWN_NAME] wordAnalogy');
  });
});

const folder = 'vectors/gensim';
describe('published files', () => {
  itWithData('of every format load', folder, async (path) => {
    const sizes: Record<string, [number, number]> = {
      'EN.1-10.cbow1_wind5_hs0_neg10_size300_smpl1e-05.txt': [20, 300],
      'high_precision.kv.txt': [2, 2],
      'high_precision.kv.bin': [2, 2],
      'test_glove.txt': [76, 50],
      word2vec_pre_kv_c: [1750, 10],
      'euclidean_vectors.bin': [2747, 10],
      'lee_fasttext.bin': [1762, 10],
      'lee_fasttext_new.bin': [1763, 10],
      'toy-model-pretrained.bin': [24, 5],
      'non_ascii_fasttext.bin': [171, 2],
    };
    for (const [name, size] of Object.entries(sizes)) {
      const vectors = await loadWordVectors(join(path, name));
      expect([vectors.size, vectors.dimension], name).toEqual(size);
    }
    expectClose(
      (await loadWordVectors(join(path, 'high_precision.kv.bin'))).values,
      (await loadWordVectors(join(path, 'high_precision.kv.txt'))).values,
      1e-6,
      'binary and text',
    );
    expect(
      (await loadWordVectors(join(path, 'pang_lee_polarity_fasttext.bin'), { encoding: 'windows-1252' })).size,
    ).toBe(1694);
    expect((await loadWordVectors(join(path, 'cp852_fasttext.bin'), { faultyWords: 'skip' })).size).toBeGreaterThan(
      100,
    );
    expect(await messageOf(loadWordVectors(join(path, 'pretrained.vec')))).toContain(
      'the file is cut short.\n  expected: 3 words, as line 1 says\n  received: 1 words',
    );
    expect(await messageOf(loadWordVectors(join(path, 'absent.vec')))).toContain('[FILE_ACCESS]');
  });

  itWithData('of fastText agree: the vectors of a model are those of its text', folder, async (path) => {
    for (const name of ['lee_fasttext', 'crime-and-punishment', 'toy-model', 'pang_lee_polarity_fasttext']) {
      const encoding = name.startsWith('pang') ? 'windows-1252' : undefined;
      const model = await loadWordVectors(join(path, `${name}.bin`), { encoding });
      const text = await loadWordVectors(join(path, `${name}.vec`), { encoding });
      expect(model.words).toEqual(text.words);
      // The text has five digits.
      text.words.forEach((word, i) =>
        expect(
          Array.from(model.get(word)!, (value) => Math.fround(Number(value.toPrecision(5)))),
          word,
        ).toEqual([...text.at(i)]),
      );
    }
  });

  itWithData('list the n-grams of words with their vectors', folder, async (path) => {
    const model = await loadWordVectors(join(path, 'crime-and-punishment.bin'));
    let compared = 0;
    for (const block of (await readFile(join(path, 'fb-ngrams.txt'), 'utf8')).split('<start>\n').slice(1)) {
      const [word, ...lines] = block.split('<end>')[0].trimEnd().split('\n');
      const rows = lines.slice(1).map((line) => line.trimEnd().split(' ').slice(-5).map(Number));
      const { table } = model.subwords!;
      const own = subwordBuckets(word, table).map((bucket) =>
        Array.from(table.values.subarray(bucket * 5, bucket * 5 + 5), (value) => Number(value.toPrecision(5))),
      );
      expect(own, word).toEqual(rows);
      compared += rows.length;
    }
    expect(compared).toBeGreaterThan(50);
  });
});
