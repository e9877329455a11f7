import { open } from 'node:fs/promises';
import { fileAccessError } from '../files.js';
import { readWordVectors, type ReadWordVectorsOptions } from './read-word-vectors.js';
import type { WordVectors } from './word-vectors.js';

/** The word vectors of a file, read piece by piece; see `readWordVectors`. @throws FILE_ACCESS; as `readWordVectors` */
export async function loadWordVectors(path: string, options: Omit<ReadWordVectorsOptions, 'where'> = {}): Promise<WordVectors> {
  return readWordVectors(piecesOf(path), { ...options, where: path });
}

/** One read takes this much: few calls, and little memory. */
const pieceBytes = 2 ** 20;

async function* piecesOf(path: string): AsyncGenerator<Uint8Array> {
  try {
    const file = await open(path, 'r');
    try {
      for (;;) {
        const piece = new Uint8Array(pieceBytes);
        const { bytesRead } = await file.read(piece, 0, pieceBytes, null);
        if (bytesRead === 0) return;
        yield piece.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw await fileAccessError('read', path, cause);
  }
}
