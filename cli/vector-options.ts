import { type ReadWordVectorsOptions, type VectorCoverage, type WordVectors } from '../src/index.js';
import { loadWordVectors } from '../src/node.js';
import type { Given, OptionSpecs } from './options.js';
import { withSeparators } from './text-table.js';
import { WrongUsage } from './wrong-usage.js';

/** Options of every training whose embedding may start from word vectors. */
export const embeddingVectorOptions = {
  vectors: { type: 'text', value: 'FILE', about: 'Start the embedding from word vectors: word2vec, GloVe or fastText, as text or binary.' },
  freeze: { type: 'flag', about: 'Leave the vectors of --vectors as they are.' },
} as const satisfies OptionSpecs;

/**
 * The vectors of `--vectors` for the words of a vocabulary; undefined where none are wanted.
 *
 * @throws WrongUsage for `--freeze` alone, and with `--resume`, whose checkpoint has its embedding
 */
export async function readEmbeddingVectors(
  where: string,
  { vectors, freeze, resume }: Given<typeof embeddingVectorOptions> & { readonly resume: boolean },
  tokens: () => Iterable<string>,
): Promise<WordVectors | undefined> {
  if (vectors === undefined) {
    if (freeze && !resume) throw new WrongUsage({ where, what: '--freeze has no vectors to keep.', expected: '--vectors FILE --freeze', received: '--freeze', fix: 'add --vectors, or leave --freeze out.' });
    return undefined;
  }
  if (resume) throw new WrongUsage({ where, what: '--resume goes on with the embedding of the interrupted training.', received: `--vectors ${vectors}`, fix: 'leave --vectors out, or start anew without --resume.' });
  const wanted = new Set(tokens());
  const choice: ReadWordVectorsOptions = { keep: (word) => wanted.has(word), faultyWords: 'skip' };
  return loadWordVectors(vectors, choice);
}

/** One line on how much of the text the vectors cover. */
export function coverageLine({ numTypes, foundTypes, subwordTypes, shareOfTypes, shareOfTokens, missing }: VectorCoverage): string {
  const bySubwords = subwordTypes > 0 ? ` and ${withSeparators(subwordTypes)} by their n-grams` : '';
  const ofTokens = shareOfTokens === undefined ? '' : `, ${percent(shareOfTokens)} of the text`;
  const without = missing.length === 0 ? '' : `; none for ${missing.slice(0, 5).map((word) => JSON.stringify(word)).join(' ')}${missing.length > 5 ? ' ...' : ''}`;
  return `vectors for ${withSeparators(foundTypes)} of ${withSeparators(numTypes)} tokens${bySubwords} (${percent(shareOfTypes)}${ofTokens})${without}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
