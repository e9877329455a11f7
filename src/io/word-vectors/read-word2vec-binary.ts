import { RondoError } from '../../errors.js';
import type { ByteReader } from './byte-reader.js';
import { VectorCollector, type WordChoice } from './collect.js';
import { emptyWord, headerOf } from './read-text.js';
import { WordVectors } from './word-vectors.js';

/** A word of more bytes than this is taken for damage. */
const longestWordBytes = 10_000;

/**
 * Reads word2vec's binary format: a line with the number of words and the dimension, then for each word its text, a
 * space and its numbers in single precision, little endian. Some programs write a line end after each word.
 *
 * @throws FILE_FORMAT where the file is cut short or goes on; DATA_FORMAT naming the entry and its byte
 */
export async function readWord2VecBinary(reader: ByteReader, where: string, choice: WordChoice): Promise<WordVectors> {
  const header = await reader.takeUntil(0x0a, 100);
  const { count, dimension } = headerOf(new TextDecoder().decode(header ?? (await reader.peek(100))), where);
  const collector = new VectorCollector(dimension, choice, (entry) => `${where}, word ${entry + 1}`);
  for (let entry = 0; entry < count; entry++) {
    if (!collector.wants(entry)) {
      await reader.close();
      return new WordVectors(collector.words, collector.values);
    }
    while ((await reader.peek(1))[0] === 0x0a) reader.take(1);
    const bytes = (await reader.takeUntil(0x20, longestWordBytes))?.slice();
    if (bytes === undefined)
      throw brokenEntry(where, count, entry, reader.position, await reader.fill(longestWordBytes));
    if (bytes.length === 0) throw emptyWord(`${collector.placeName(entry)}, byte ${reader.position}`);
    const word = collector.wordOf(bytes, entry);
    if (!(await reader.fill(4 * dimension))) throw brokenEntry(where, count, entry, reader.position, false);
    const raw = reader.take(4 * dimension);
    if (word !== undefined)
      readFloats(
        raw,
        collector.add(word),
        () => `${collector.placeName(entry)}, which ends at byte ${reader.position}`,
      );
  }
  while ((await reader.peek(1))[0] === 0x0a) reader.take(1);
  if (await reader.fill(1)) {
    throw new RondoError('FILE_FORMAT', {
      where,
      what: 'the file goes on after its last word.',
      expected: `${count} words of ${dimension} numbers, ${reader.position} bytes`,
      received: 'more bytes',
      fix: 'correct the first line, or write the file again.',
    });
  }
  return new WordVectors(collector.words, collector.values);
}

/** Single-precision numbers, little endian, at any alignment. @throws DATA_FORMAT where one is not finite */
export function readFloats(bytes: Uint8Array, target: Float32Array, where: () => string): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let i = 0; i < target.length; i++) {
    target[i] = view.getFloat32(4 * i, true);
    if (!Number.isFinite(target[i])) {
      throw new RondoError('DATA_FORMAT', {
        where: where(),
        what: `value ${i + 1} is not finite.`,
        expected: 'a finite number',
        received: String(target[i]),
        fix: 'copy or download the file again; if its program wrote it so, train the vectors again.',
      });
    }
  }
}

function brokenEntry(where: string, count: number, entry: number, position: number, goesOn: boolean): RondoError {
  return new RondoError('FILE_FORMAT', {
    where,
    what: goesOn ? `there is no word at byte ${position}.` : 'the file is cut short.',
    expected: `${count} words, as its first line says`,
    received: `word ${entry + 1} is ${goesOn ? 'longer than any word' : `incomplete at byte ${position}`}`,
    fix: 'copy or download the file again.',
  });
}
