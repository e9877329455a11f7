import { constants } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RondoError } from '../errors.js';
import { decodeText, type TextEncoding, utf8Pieces } from './encodings.js';
import { decodeStrictly, decodeUtf8, firstInvalidByte } from './utf8.js';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

function messageOf(bytes: Uint8Array): string {
  try {
    decodeUtf8(bytes, 'notes.txt');
  } catch (error) {
    if (error instanceof RondoError && error.code === 'DATA_FORMAT') return error.message;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('decodeUtf8', () => {
  test('leaves out a byte order mark at the start and nowhere else', () => {
    expect(decodeUtf8(utf8('\ufeffa\ufeffb'), 'x')).toBe('a\ufeffb');
  });

  test('names the first wrong byte, its offset and its line', () => {
    const bytes = Uint8Array.from([...utf8('één\nzwei\n'), 0x74, 0xff, 0x0a]);
    expect(messageOf(bytes)).toContain('0xff at byte 12 (line 3)');
  });

  test.each([
    ['GB18030', [0xc4, 0xe3, 0xba, 0xc3, 0xa3, 0xac, 0xca, 0xc0, 0xbd, 0xe7, 0x0a], 'iconv -f GB18030'],
    ['Windows-1252', [...utf8('caf'), 0xe9, ...utf8(' au lait, na'), 0xef, ...utf8('ve')], 'iconv -f WINDOWS-1252'],
    [
      'no Chinese for Cyrillic words',
      [0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2, 0x20, 0xec, 0xe8, 0xf0, 0xf3, 0x20, 0xe4, 0xe0, 0xf5],
      'one-byte encoding',
    ],
    ['UTF-16 with a mark', [0xff, 0xfe, 0x61, 0, 0x62, 0], 'iconv -f UTF-16LE'],
    ['UTF-16 without a mark', [0, 0x61, 0, 0x62, 0, 0x63], 'iconv -f UTF-16BE'],
  ])('suggests %s', (_, bytes, said) => {
    expect(messageOf(Uint8Array.from(bytes))).toContain(said);
  });

  test('says that a workbook is a ZIP archive', () => {
    expect(messageOf(Uint8Array.of(0x50, 0x4b, 3, 4, 0xff, 0))).toContain('.xlsx');
  });

  test('refuses a file that is empty but for a byte order mark', () => {
    expect(messageOf(new Uint8Array(0))).toContain('empty');
    expect(messageOf(utf8('\ufeff'))).toContain('empty');
  });

  // Of so many bytes decoders say that they are not in the encoding; Node ends for those of windows-1252.
  test('refuses more bytes than a string holds as too long', () => {
    const bytes = new Uint8Array(constants.MAX_STRING_LENGTH + 5);
    expect(() => decodeText(bytes, 'big.txt', 'windows-1252')).toThrow(
      '[OUT_OF_MEMORY] big.txt: the text is too long for one string.\n  expected: at most about 500 million ' +
        `characters\n  received: ${bytes.length} bytes\n  fix: split the file into parts.`,
    );
  });

  test.each<[string, number, number[]]>([
    ['utf-8', 8, [...utf8('\ufeff酒店€ a')]],
    ['gb18030', 3, [0xbe, 0xc6, 0xb5, 0xea, 0x80, 0x20, 0x61]],
    ['utf-16le', 5, [0xff, 0xfe, 0x52, 0x91, 0x97, 0x5e, 0xac, 0x20, 0x20, 0, 0x61, 0]],
  ])('reads %s whose characters lie across pieces, and no half of one', (encoding, half, bytes) => {
    for (const size of [1, 2, 3, 5, 100])
      expect(decodeStrictly(Uint8Array.from(bytes), 'x', encoding, size)).toBe('酒店€ a');
    expect(() => decodeStrictly(Uint8Array.from(bytes.slice(0, half)), 'x', encoding, 3)).toThrow(TypeError);
  });

  test('reads quotes and the euro sign of windows-1252, from a text and from a stream', async () => {
    const bytes = Uint8Array.of(0x93, 0x80, 0x94, 0xe9);
    expect(decodeText(bytes, 'x', 'windows-1252')).toBe('“€”é');
    const pieces = (async function* () {
      yield bytes;
    })();
    const read: number[] = [];
    for await (const piece of utf8Pieces(pieces, 'x', 'windows-1252')) read.push(...piece);
    expect(read).toEqual([...utf8('“€”é')]);
  });

  test.each<[TextEncoding, number[]]>([
    ['windows-1251', [0xcc, 0xee, 0xe9, 0x20, 0xb8]],
    ['koi8-r', [0xed, 0xcf, 0xca, 0x20, 0xa3]],
  ])('reads Cyrillic of %s', (encoding, bytes) => {
    expect(decodeText(Uint8Array.from(bytes), 'x', encoding)).toBe('Мой ё');
  });

  test('finds an invalid byte exactly where the platform decoder does', () => {
    const decoder = new TextDecoder('utf-8', { fatal: true });
    const accepts = (bytes: Uint8Array): boolean => {
      try {
        decoder.decode(bytes);
        return true;
      } catch (error) {
        expect(error).toBeInstanceOf(TypeError);
        return false;
      }
    };
    const byte = fc.oneof(
      fc.constantFrom(0x61, 0xc2, 0xc1, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5),
      fc.integer({ min: 0x80, max: 0xbf }),
    );
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 12 }), (items) => {
        const bytes = Uint8Array.from(items);
        const offset = firstInvalidByte(bytes);
        expect(accepts(bytes.subarray(0, offset))).toBe(true);
        expect(accepts(bytes)).toBe(offset === bytes.length);
      }),
      { numRuns: 5000, seed: 11 },
    );
  });
});
