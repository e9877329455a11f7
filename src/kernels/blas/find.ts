import { findKoffi } from '../koffi.js';
import { blasLibraries, type Place } from './libraries.js';
import { type BlasLibrary, openLibrary, type Refusal } from './library.js';

/** What a search for an installed BLAS came to. */
export interface BlasSearch {
  /** Why koffi is not there; undefined where it is. */
  readonly koffiFault: string | undefined;
  /** The first library that opens and multiplies right. */
  readonly library: BlasLibrary | undefined;
  /** What was tried before it. */
  readonly refused: readonly Refusal[];
}

const place: Place = { platform: process.platform, environment: process.env };

/** Opened libraries stay open, because a process cannot safely close one that has threads. */
const opened = new Map<string, BlasLibrary>();

/** Tries `path`, or the usual names and places of this system. */
export async function findBlas(path?: string): Promise<BlasSearch> {
  const search = await findKoffi();
  if (search.koffi === undefined) return { koffiFault: search.reason, library: undefined, refused: [] };
  const refused: Refusal[] = [];
  for (const candidate of path === undefined ? blasLibraries(place) : [path]) {
    const found = opened.get(candidate) ?? openLibrary(search.koffi, candidate);
    if ('multiply' in found) {
      opened.set(candidate, found);
      return { koffiFault: undefined, library: found, refused };
    }
    refused.push(found);
  }
  return { koffiFault: undefined, library: undefined, refused };
}
