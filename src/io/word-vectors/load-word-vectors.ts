import { dataPieces } from '../data-files.js';
import { type ReadWordVectorsOptions, readWordVectors } from './read-word-vectors.js';
import type { WordVectors } from './word-vectors.js';

/**
 * The word vectors of a file, which may be a gzip archive, read piece by piece; see `readWordVectors`. @throws
 * FILE_ACCESS; as `readWordVectors`
 */
export async function loadWordVectors(
  path: string,
  options: Omit<ReadWordVectorsOptions, 'where'> = {},
): Promise<WordVectors> {
  return readWordVectors(dataPieces(path), { ...options, where: path });
}
