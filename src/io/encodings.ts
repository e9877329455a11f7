import { RondoError, unknownName } from '../errors.js';
import { decodeStrictly, decodeUtf8 } from './utf8.js';
import { strictDecoder } from './utf8-text.js';

export const textEncodings = [
  'utf-8',
  'windows-1252',
  'windows-1251',
  'koi8-r',
  'gb18030',
  'big5',
  'shift_jis',
  'euc-kr',
  'utf-16le',
  'utf-16be',
] as const;
/** Encodings of text files that are read besides UTF-8. `windows-1252` reads Latin-1 as well; `windows-1251` and `koi8-r` are Cyrillic. */
export type TextEncoding = (typeof textEncodings)[number];

/** @throws UNKNOWN_NAME for another encoding */
export function requireTextEncoding(where: string, encoding: TextEncoding): void {
  if (!textEncodings.includes(encoding)) throw unknownName(where, 'encoding', String(encoding), textEncodings);
}

/**
 * The text of bytes in an encoding.
 *
 * @param where the file's name, for messages.
 * @throws UNKNOWN_NAME for another encoding; DATA_FORMAT for bytes that are not in it, and for an empty file;
 *   OUT_OF_MEMORY for more than one string holds
 */
export function decodeText(bytes: Uint8Array, where: string, encoding: TextEncoding = 'utf-8'): string {
  requireTextEncoding(where, encoding);
  if (encoding === 'utf-8') return decodeUtf8(bytes, where, true);
  let text: string;
  try {
    text = decodeStrictly(bytes, where, encoding);
  } catch (cause) {
    if (cause instanceof RondoError) throw cause;
    throw notInEncoding(where, encoding, bytes.length, cause);
  }
  if (text.length > 0) return text;
  throw new RondoError('DATA_FORMAT', {
    where,
    what: 'the file is empty.',
    expected: `text in ${encoding}`,
    received: `${bytes.length} bytes`,
    fix: 'check that the file was written and downloaded completely.',
  });
}

/** Bytes in an encoding as UTF-8, as they come; UTF-8 itself stays as it is. @throws DATA_FORMAT, when they are read */
export async function* utf8Pieces(
  pieces: AsyncIterable<Uint8Array>,
  where: string,
  encoding: TextEncoding = 'utf-8',
): AsyncGenerator<Uint8Array> {
  if (encoding === 'utf-8') {
    yield* pieces;
    return;
  }
  const decoder = strictDecoder(encoding);
  const encoder = new TextEncoder();
  let size = 0;
  const decoded = (piece?: Uint8Array): Uint8Array => {
    try {
      return encoder.encode(piece === undefined ? decoder.decode() : decoder.decode(piece, { stream: true }));
    } catch (cause) {
      throw notInEncoding(where, encoding, size, cause);
    }
  };
  for await (const piece of pieces) {
    size += piece.length;
    yield decoded(piece);
  }
  yield decoded();
}

function notInEncoding(where: string, encoding: TextEncoding, sizeBytes: number, cause: unknown): RondoError {
  return new RondoError('DATA_FORMAT', {
    where,
    what: `the text is not in ${encoding}.`,
    expected: `text in ${encoding}`,
    received: `${sizeBytes} bytes that are not`,
    fix: 'set `encoding` to that of the file, or save the file as UTF-8.',
    option: 'encoding',
    cause,
  });
}
