import type { TokenCodec } from '../src/index.js';

/** Ids of byte pairs before those that were learned: one for each byte. */
const numBytes = 256;

/** The first tokens of a vocabulary as one line; of byte pairs the first that were learned. */
export function sampledTokens(codec: Pick<TokenCodec, 'level' | 'size' | 'shown'>, most: number): string {
  const first = codec.level === 'bpe' ? numBytes : 0;
  const sample = Array.from({ length: Math.min(most, codec.size - first) }, (_, i) =>
    JSON.stringify(codec.shown(first + i)).slice(1, -1),
  );
  return `${sample.join(' ')}${codec.size - first > most ? ' ...' : ''}`;
}
