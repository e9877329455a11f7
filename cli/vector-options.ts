import type { VectorCoverage, WordVectors } from '../src/index.js';
import { loadWordVectors } from '../src/node.js';
import type { OptionSpecs } from './options.js';
import { percent, withSeparators } from './text-table.js';
import { WrongUsage } from './wrong-usage.js';

/** Of every training whose embedding may start from word vectors. */
export const vectorsOption = {
  vectors: {
    type: 'text',
    value: 'FILE',
    about: 'Start the embedding from word vectors: word2vec, GloVe or fastText, as text or binary.',
  },
} as const satisfies OptionSpecs;

/** What a command line says of vectors: which, and what the task does with them. */
export interface GivenVectors {
  readonly vectors: string | undefined;
  readonly resume: boolean;
  readonly freezeVectors?: boolean | undefined;
  readonly vectorWords?: number | undefined;
}

/**
 * The vectors of `--vectors` for tokens, in whatever case, and for the first words of the file; undefined where none
 * are wanted.
 *
 * @param firstWords how many of the first words of the file are read besides.
 * @throws WrongUsage for other options of vectors alone, and with `--resume`, whose checkpoint has its embedding
 */
export async function readEmbeddingVectors(
  where: string,
  { vectors, resume, freezeVectors = false, vectorWords }: GivenVectors,
  tokens: () => Iterable<string>,
  firstWords = 0,
): Promise<WordVectors | undefined> {
  if (vectors === undefined) {
    const alone = freezeVectors ? '--freeze' : vectorWords === undefined ? undefined : '--vector-words';
    if (alone !== undefined && !resume)
      throw new WrongUsage({
        where,
        what: `${alone} has no vectors${freezeVectors ? ' to keep' : ''}.`,
        expected: `--vectors FILE ${alone}`,
        received: alone,
        fix: `add --vectors, or leave ${alone} out.`,
      });
    return undefined;
  }
  if (resume)
    throw new WrongUsage({
      where,
      what: '--resume goes on with the embedding of the interrupted training.',
      received: `--vectors ${vectors}`,
      fix: 'leave --vectors out, or start anew without --resume.',
    });
  const wanted = new Set(Array.from(tokens(), looseForm));
  let numRead = 0;
  return loadWordVectors(vectors, {
    keep: (word) => numRead++ < firstWords || wanted.has(looseForm(word)),
    faultyWords: 'skip',
  });
}

/** Equal for all spellings that a task may take for one word. */
function looseForm(word: string): string {
  return word
    .normalize('NFC')
    .toLowerCase()
    .replace(/\p{Nd}/gu, '0');
}

/** One line on how much of the text the vectors cover. */
export function coverageLine({
  numTypes,
  foundTypes,
  subwordTypes,
  shareOfTypes,
  shareOfTokens,
  missing,
}: VectorCoverage): string {
  const bySubwords = subwordTypes > 0 ? ` and ${withSeparators(subwordTypes)} by their n-grams` : '';
  const ofTokens = shareOfTokens === null ? '' : `, ${percent(shareOfTokens)} of the text`;
  const without =
    missing.length === 0
      ? ''
      : `; none for ${missing
          .slice(0, 5)
          .map((word) => JSON.stringify(word))
          .join(' ')}${missing.length > 5 ? ' ...' : ''}`;
  return (
    `vectors for ${withSeparators(foundTypes)} of ${withSeparators(numTypes)} tokens${bySubwords} ` +
    `(${percent(shareOfTypes)}${ofTokens})${without}`
  );
}
