import { Random } from '../../src/random.js';

/**
 * A copy of a file with a few bytes changed, cut short, or repeated. Most changes are in the first and last bytes, where formats keep
 * sizes.
 */
export function mutatedBytes(good: Uint8Array, random: Random): Uint8Array {
  const below = (limit: number): number => Math.floor(random.uniform() * limit);
  const place = (): number => {
    const near = Math.min(good.length, 300);
    const which = random.uniform();
    return which < 0.4 ? below(near) : which < 0.8 ? good.length - 1 - below(near) : below(good.length);
  };
  const bytes = Uint8Array.from(good);
  const kind = below(6);
  if (kind === 0) return bytes.slice(0, below(good.length));
  if (kind === 1) bytes.copyWithin(place(), place(), place());
  else for (let n = 1 + below(4); n > 0; n--) bytes[place()] = [0, 1, 0x7f, 0x80, 0xff, below(256)][below(6)];
  return bytes;
}

/** Copies of a file as {@link mutatedBytes} makes them, drawn with a seed. */
export function* mutatedFiles(
  good: Uint8Array,
  count: number,
  random = new Random(0, 'mutants'),
): Generator<Uint8Array> {
  for (let i = 0; i < count; i++) yield mutatedBytes(good, random);
}
