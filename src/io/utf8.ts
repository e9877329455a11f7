import { RondoError } from '../errors.js';
import { fileKindOf } from './file-kind.js';
import { probableEncoding } from './probable-encoding.js';
import { strictDecoder } from './utf8-text.js';

/**
 * The text of UTF-8 bytes, read strictly; a byte order mark at the start is left out.
 *
 * @param where the file's name, for messages.
 * @param mayName whether the caller could name another encoding, which the message then says.
 * @throws DATA_FORMAT when the file is empty or is not UTF-8: the message names the first wrong byte, its line, and
 * the encoding the file is probably in.
 */
export function decodeUtf8(bytes: Uint8Array, where: string, mayName = false): string {
  let text: string;
  try {
    text = decodeStrictly(bytes, where, 'utf-8');
  } catch (cause) {
    if (cause instanceof RondoError) throw cause;
    throw notUtf8(bytes, firstInvalidByte(bytes), { where, mayName, cause });
  }
  if (text.length === 0) {
    throw new RondoError('DATA_FORMAT', {
      where,
      what: 'the file is empty.',
      expected: 'text in UTF-8',
      received: `${bytes.length} bytes`,
      fix: 'check that the file was written and downloaded completely.',
    });
  }
  const zero = bytes.indexOf(0);
  if (zero >= 0) throw notUtf8(bytes, zero, { where, mayName });
  return text;
}

/**
 * The text of bytes in an encoding.
 *
 * @throws OUT_OF_MEMORY for more than one string holds; TypeError for bytes that are not in the encoding
 */
export function decodeStrictly(bytes: Uint8Array, where: string, encoding: string, pieceBytes = 2 ** 26): string {
  const decoder = strictDecoder(encoding);
  let text = '';
  // In pieces that fit a string each: of more, decoders say that it is not in the encoding, or end the process.
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = decoder.decode(bytes.subarray(at, at + pieceBytes), { stream: at + pieceBytes < bytes.length });
    try {
      text += piece;
    } catch (cause) {
      throw new RondoError('OUT_OF_MEMORY', {
        where,
        what: 'the text is too long for one string.',
        expected: 'at most about 500 million characters',
        received: `${bytes.length} bytes`,
        fix: 'split the file into parts.',
        cause,
      });
    }
  }
  return text;
}

/** Offset of the first byte that does not continue valid UTF-8 (RFC 3629); the length when there is none. */
export function firstInvalidByte(bytes: Uint8Array): number {
  let i = 0;
  while (i < bytes.length) {
    const lead = bytes[i];
    let more: number;
    // The second byte's range excludes overlong forms, surrogates and code points above U+10FFFF.
    let [low, high] = [0x80, 0xbf];
    if (lead < 0x80) more = 0;
    else if (lead >= 0xc2 && lead <= 0xdf) more = 1;
    else if (lead >= 0xe0 && lead <= 0xef) {
      more = 2;
      if (lead === 0xe0) low = 0xa0;
      if (lead === 0xed) high = 0x9f;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      more = 3;
      if (lead === 0xf0) low = 0x90;
      if (lead === 0xf4) high = 0x8f;
    } else return i;
    for (let k = 1; k <= more; k++) {
      const byte = bytes[i + k];
      if (!(byte >= low && byte <= high)) return i;
      [low, high] = [0x80, 0xbf];
    }
    i += more + 1;
  }
  return bytes.length;
}

/** Where bytes that are not UTF-8 stand, and what is known of their file. */
export interface NotUtf8Facts {
  readonly where: string;
  /** Whether the caller could name another encoding. */
  readonly mayName: boolean;
  /** The beginning of the file, of which `bytes` may be a part. Default: that of `bytes`. */
  readonly head?: Uint8Array | undefined;
  /** Of the byte in the file. Default: as in `bytes`. */
  readonly offset?: number | undefined;
  readonly line?: number | undefined;
  readonly cause?: unknown | undefined;
}

/** The error for a byte that is not UTF-8, which tells what the bytes are probably. */
export function notUtf8(bytes: Uint8Array, index: number, facts: NotUtf8Facts): RondoError {
  const { where, mayName, head = bytes, offset = index, line = lineOfByte(bytes, index), cause } = facts;
  const at = `byte ${offset} (line ${line})`;
  const value = `0x${bytes[index].toString(16).padStart(2, '0')}`;
  const kind = fileKindOf(head);
  if (kind !== undefined && kind !== 'a text file' && !kind.startsWith('text in UTF-16')) {
    return new RondoError('DATA_FORMAT', {
      where,
      what: `this is not a text file; it looks like ${kind}.`,
      expected: 'text in UTF-8',
      received: `${value} at ${at}`,
      fix: 'unpack it, or export the data as text (CSV for a table) in UTF-8.',
      cause,
    });
  }
  // Of a long file, what stands around the byte tells more than its beginning.
  const encoding = probableEncoding(bytes.subarray(Math.max(0, index - 32768)));
  return new RondoError('DATA_FORMAT', {
    where,
    what: 'the text is not in UTF-8.',
    expected: 'text in UTF-8',
    received:
      `${value} at ${at}` +
      (encoding === undefined ? '; the file may not be text at all' : `; it looks like ${encoding.title}`),
    fix:
      encoding === undefined
        ? 'give a text file, or remove the damaged bytes.'
        : `${mayName ? `set \`encoding\` to ${encoding.name}, or ` : ''}save the file as UTF-8, for example: ` +
          `iconv -f ${encoding.iconv} -t UTF-8 in.txt > out.txt`,
    ...(mayName && { option: 'encoding' }),
    cause,
  });
}

function lineOfByte(bytes: Uint8Array, offset: number): number {
  let line = 1;
  for (let i = 0; i < offset; i++) if (bytes[i] === 0x0a) line++;
  return line;
}
