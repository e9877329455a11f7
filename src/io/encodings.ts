import { RondoError, unknownName } from '../errors.js';
import { decodeUtf8 } from './utf8.js';

export const textEncodings = ['utf-8', 'windows-1252', 'gb18030', 'big5', 'shift_jis', 'euc-kr', 'utf-16le', 'utf-16be'] as const;
/** Encodings of text files that are read besides UTF-8. `windows-1252` reads Latin-1 as well. */
export type TextEncoding = (typeof textEncodings)[number];

/**
 * The text of bytes in an encoding.
 *
 * @param where the file's name, for messages.
 * @throws UNKNOWN_NAME for another encoding; DATA_FORMAT for bytes that are not in it, and for an empty file.
 */
export function decodeText(bytes: Uint8Array, where: string, encoding: TextEncoding = 'utf-8'): string {
  if (!textEncodings.includes(encoding)) throw unknownName(where, 'encoding', String(encoding), textEncodings);
  if (encoding === 'utf-8') return decodeUtf8(bytes, where, true);
  let text: string;
  try {
    text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new RondoError('DATA_FORMAT', { where, what: `the text is not in ${encoding}.`, expected: `text in ${encoding}`, received: `${bytes.length} bytes that are not`, fix: 'name the encoding of the file, or save it as UTF-8.', cause });
  }
  if (text.length > 0) return text;
  throw new RondoError('DATA_FORMAT', { where, what: 'the file is empty.', expected: `text in ${encoding}`, received: `${bytes.length} bytes`, fix: 'check that the file was written and downloaded completely.' });
}
