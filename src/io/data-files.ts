import { open } from 'node:fs/promises';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { type ReadTableOptions, readTable, type Table } from '../data/csv.js';
import { RondoError } from '../errors.js';
import { decodeText, requireTextEncoding, type TextEncoding, utf8Pieces } from './encodings.js';
import { fileAccessError } from './files.js';

/** One read takes this much: few calls, and little memory. */
const pieceBytes = 2 ** 20;

/** More than any string holds. */
const mostBytes = 2 ** 31;

/** Pieces of bytes as they come. */
export type BytePieces = AsyncIterable<Uint8Array>;

/**
 * The bytes of a file of data, piece by piece; those of a gzip archive, which its first bytes tell, unpacked.
 *
 * @throws FILE_ACCESS; DATA_FORMAT where an archive is cut short or damaged
 */
export async function* dataPieces(path: string): AsyncGenerator<Uint8Array> {
  yield* unpacked(filePieces(path), path);
}

/** All bytes of a file of data; see {@link dataPieces}. @throws FILE_ACCESS, DATA_FORMAT, OUT_OF_MEMORY */
export function readData(path: string): Promise<Uint8Array> {
  return joined(dataPieces(path), path);
}

/**
 * The text of a file, which may be a gzip archive, without a byte order mark.
 *
 * @throws FILE_ACCESS; DATA_FORMAT when it is empty or in another encoding.
 */
export async function readText(path: string, encoding?: TextEncoding): Promise<string> {
  return decodeText(await readData(path), path, encoding);
}

/**
 * The bytes that come, unpacked where they are a gzip archive.
 *
 * @param where the source's name, for messages.
 * @throws DATA_FORMAT where an archive is cut short or damaged
 */
export async function* unpacked(pieces: BytePieces, where: string): AsyncGenerator<Uint8Array> {
  const iterator = pieces[Symbol.asyncIterator]();
  const head: Uint8Array[] = [];
  let headSize = 0;
  while (headSize < 2) {
    const { value, done } = await iterator.next();
    if (done === true) break;
    head.push(value);
    headSize += value.length;
  }
  const all = (async function* () {
    try {
      yield* head;
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  })();
  const [first, second] = head.flatMap((piece) => [...piece.subarray(0, 2)]);
  yield* first === 0x1f && second === 0x8b ? gunzipped(all, where) : all;
}

async function* gunzipped(pieces: BytePieces, where: string): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: pieceBytes });
  // What goes wrong comes out of the end of the pipe, too.
  pipeline(Readable.from(pieces), gunzip, () => undefined);
  try {
    yield* gunzip;
  } catch (cause) {
    if (cause instanceof RondoError) throw cause;
    const isCut = cause instanceof Error && 'code' in cause && cause.code === 'Z_BUF_ERROR';
    throw new RondoError('DATA_FORMAT', {
      where,
      what: isCut ? 'the gzip archive is cut short.' : 'the gzip archive is damaged.',
      expected: 'a whole gzip archive',
      received: cause instanceof Error ? cause.message : String(cause),
      fix: 'copy or download it again; `gzip -t` tests an archive.',
      cause,
    });
  }
}

/** Pieces as one. @throws OUT_OF_MEMORY for more than can be one text */
export async function joined(pieces: BytePieces, where: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const piece of pieces) {
    parts.push(piece);
    size += piece.length;
    if (size <= mostBytes) continue;
    throw new RondoError('OUT_OF_MEMORY', {
      where,
      what: 'the file is too large to be read as one text.',
      expected: `at most ${mostBytes} bytes`,
      received: 'more',
      fix: 'split the file into parts.',
    });
  }
  if (parts.length === 1) return parts[0];
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** How a file of a table is read. */
export interface ReadTableFileOptions extends Partial<ReadTableOptions> {
  /** Default utf-8. */
  encoding?: TextEncoding | undefined;
}

/**
 * The table of a file, which may be a gzip archive, read piece by piece: files much larger than a string can be are
 * read in a few bytes for each cell.
 *
 * @throws FILE_ACCESS, UNKNOWN_NAME; as `readTable`
 */
export function readTableFile(path: string, { encoding, ...options }: ReadTableFileOptions = {}): Promise<Table> {
  const where = options.where ?? path;
  if (encoding !== undefined) requireTextEncoding('readTableFile', encoding);
  return readTable(utf8Pieces(dataPieces(path), where, encoding), { ...options, where });
}

async function* filePieces(path: string): AsyncGenerator<Uint8Array> {
  try {
    const file = await open(path, 'r');
    try {
      for (;;) {
        const piece = new Uint8Array(pieceBytes);
        const { bytesRead } = await file.read(piece, 0, pieceBytes, null);
        if (bytesRead === 0) return;
        // A pipe gives little at a time, and what is kept of it must not keep the rest.
        yield bytesRead < pieceBytes / 2 ? piece.slice(0, bytesRead) : piece.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw await fileAccessError('read', path, cause);
  }
}
