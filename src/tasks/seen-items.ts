import { fnv1a } from '../checksum.js';

/** What a training used its items for, as a model file keeps it: hashes of each part in base64. */
export interface SavedSeenItems {
  readonly train: string;
  readonly validation: string;
}

/**
 * The texts or sentences that a model learned from, and those that chose its epoch, as 32-bit hashes: they are known
 * again, and the model's file does not hold them. Of other items about one in `2^32 / size` is taken for one of these.
 */
export class SeenItems {
  readonly #hashes: Readonly<Record<keyof SavedSeenItems, ReadonlySet<number>>>;
  private constructor(hashes: Readonly<Record<keyof SavedSeenItems, ReadonlySet<number>>>) {
    this.#hashes = hashes;
  }

  /** @param train, validation what the items are known by. */
  static of(train: Iterable<string>, validation: Iterable<string>): SeenItems {
    const all = (keys: Iterable<string>): Set<number> => new Set(Array.from(keys, fnv1a));
    return new SeenItems({ train: all(train), validation: all(validation) });
  }

  /** The part that an item was in, learned from before all else; undefined for one that training has not seen. */
  partOf(key: string): keyof SavedSeenItems | undefined {
    const hash = fnv1a(key);
    return this.#hashes.train.has(hash) ? 'train' : this.#hashes.validation.has(hash) ? 'validation' : undefined;
  }

  /** These items and those of an earlier training, where it says which they were. */
  with(earlier: SavedSeenItems | undefined): SeenItems {
    if (earlier === undefined) return this;
    const hashes = SeenItems.fromJSON(earlier).#hashes;
    const both = (part: keyof SavedSeenItems): Set<number> => new Set([...this.#hashes[part], ...hashes[part]]);
    return new SeenItems({ train: both('train'), validation: both('validation') });
  }

  /** For a model's file. */
  toJSON(): SavedSeenItems {
    return { train: base64Of(this.#hashes.train), validation: base64Of(this.#hashes.validation) };
  }

  static fromJSON({ train, validation }: SavedSeenItems): SeenItems {
    return new SeenItems({ train: setOf(train), validation: setOf(validation) });
  }
}

/** Whether a value can be what {@link SeenItems.toJSON} wrote. */
export function isSavedSeenItems(value: unknown): value is SavedSeenItems {
  const isHashes = (found: unknown): boolean =>
    typeof found === 'string' && found.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(found);
  return (
    typeof value === 'object' &&
    value !== null &&
    isHashes((value as Partial<SavedSeenItems>).train) &&
    isHashes((value as Partial<SavedSeenItems>).validation)
  );
}

/** Four bytes a number, the lowest first, in the order of the numbers. */
function base64Of(hashes: ReadonlySet<number>): string {
  const sorted = Uint32Array.from(hashes).sort();
  const view = new DataView(new ArrayBuffer(4 * sorted.length));
  sorted.forEach((hash, i) => view.setUint32(4 * i, hash, true));
  let bytes = '';
  for (let i = 0; i < view.byteLength; i++) bytes += String.fromCharCode(view.getUint8(i));
  return btoa(bytes);
}

function setOf(base64: string): Set<number> {
  const bytes = atob(base64);
  const view = new DataView(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)).buffer);
  return new Set(Array.from({ length: Math.floor(view.byteLength / 4) }, (_, i) => view.getUint32(4 * i, true)));
}
