import { RondoError } from '../../errors.js';
import { damagedFile } from '../file-fault.js';
import { isPathBelow, oddInPaths } from '../path-below.js';
import { fieldsOf } from './protobuf.js';

/** Where a tensor says that its data lie: in a file beside the model's, from a byte on. */
export interface ExternalPlace {
  readonly location: string;
  readonly offset: number;
  /** Undefined for all that follows. */
  readonly length: number | undefined;
}

/** How many times over tensors may show the bytes of other files: weights that are tied share them. */
const mostShown = 4;

/** The bytes of other files, by the location that tensors name, and how much of them tensors may still show. */
export class ExternalFiles {
  readonly #files: ReadonlyMap<string, Uint8Array>;
  #left: number;

  constructor(files: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.#files = files;
    this.#left = mostShown * [...files.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** The part of another file that is a tensor's data. @throws FILE_FORMAT where the file ends before, or is shown too often */
  bytesAt({ location, offset, length }: ExternalPlace, where: string): Uint8Array {
    const bytes = this.#files.get(location);
    if (bytes === undefined) {
      throw new RondoError('FILE_FORMAT', {
        where,
        what: 'a tensor has its data in another file.',
        expected: 'all tensors inside of the model file, or the option `external`',
        received: location.slice(0, 200),
        fix: 'give readOnnx a function `external` that reads that file, or open the model with loadOnnx.',
      });
    }
    const end = offset + (length ?? bytes.length - offset);
    if (!(offset <= end && end <= bytes.length))
      throw damagedFile({
        where: `${where}, ${location}`,
        what: 'the file is too short for a tensor.',
        expected: `at least ${end} bytes`,
        received: `${bytes.length}`,
      });
    this.#left -= end - offset;
    if (this.#left < 0)
      throw damagedFile({
        where: `${where}, ${location}`,
        what: 'tensors show the bytes of other files again and again.',
        expected: `at most ${mostShown} times`,
        received: 'more',
      });
    return bytes.subarray(offset, end);
  }
}

/** Files that one model may name. */
const mostFiles = 1000;

/** The entries `location`, `offset` and `length` of a tensor, `StringStringEntryProto`. @throws FILE_FORMAT */
export function readExternalPlace(entries: readonly Uint8Array[], where: string): ExternalPlace {
  const texts = new Map<string, string>();
  for (const bytes of entries) {
    let [key, value] = ['', ''];
    for (const field of fieldsOf(bytes, where)) {
      if (field.number === 1) key = field.text();
      else if (field.number === 2) value = field.text();
    }
    texts.set(key, value);
  }
  const location = texts.get('location') ?? '';
  requireInside(location, where);
  const numbers = ['offset', 'length'].map((key) => {
    const text = texts.get(key);
    if (text === undefined) return undefined;
    const number = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
    if (Number.isSafeInteger(number)) return number;
    const what = `the ${key} of a tensor in another file is impossible.`;
    throw damagedFile({ where, what, expected: 'a whole number of bytes', received: text });
  });
  return { location, offset: numbers[0] ?? 0, length: numbers[1] };
}

/** A path below the model's folder: never absolute, and never upwards. @throws FILE_FORMAT */
function requireInside(location: string, where: string): void {
  if (isPathBelow(location, oddInPaths)) return;
  throw new RondoError('FILE_FORMAT', {
    where,
    what: 'a tensor names another file that is not below the folder of the model.',
    expected: 'a path such as weights.data, without `..`',
    received: location.slice(0, 200),
    fix: 'do not trust this file; export the model again.',
  });
}

/**
 * The other files that tensors of a model name, each once.
 *
 * @throws FILE_FORMAT where one is not below the model's folder, or the file is damaged
 */
export function externalLocations(bytes: Uint8Array, where: string): string[] {
  const locations = new Set<string>();
  for (const field of fieldsOf(bytes, where))
    if (field.number === 7) collectOfGraph(field.bytes(), where, locations, 0);
  return [...locations];
}

/** Graphs deeper than those that are read have no tensors that are. */
const deepest = 16;

function collectOfGraph(bytes: Uint8Array, where: string, locations: Set<string>, depth: number): void {
  if (depth > deepest) return;
  for (const field of fieldsOf(bytes, where)) {
    if (field.number === 5) collectOfTensor(field.bytes(), where, locations);
    if (field.number !== 1) continue;
    for (const part of fieldsOf(field.bytes(), where)) {
      if (part.number !== 5) continue;
      for (const value of fieldsOf(part.bytes(), where)) {
        if (value.number === 5) collectOfTensor(value.bytes(), where, locations);
        else if (value.number === 6) collectOfGraph(value.bytes(), where, locations, depth + 1);
      }
    }
  }
}

function collectOfTensor(bytes: Uint8Array, where: string, locations: Set<string>): void {
  const entries: Uint8Array[] = [];
  for (const field of fieldsOf(bytes, where)) if (field.number === 13) entries.push(field.bytes());
  if (entries.length === 0) return;
  locations.add(readExternalPlace(entries, where).location);
  if (locations.size > mostFiles) {
    const what = 'the tensors lie in too many other files.';
    throw damagedFile({ where, what, expected: `at most ${mostFiles}`, received: 'more' });
  }
}
