import { fnv1a } from '../../checksum.js';
import { RondoError } from '../../errors.js';
import type { Resolved } from '../../resolved.js';
import type { TaskTeacher } from '../task-teacher.js';
import { requirePairs, type SentencePair } from './sentence-pair.js';
import type { TrainedPairs, Translator } from './translator.js';
import type { TranslatorOptions } from './translator-options.js';

/** Pairs to train on. Parts that are not given are cut from `train`, as {@link TranslatorOptions} say. */
export interface TranslatorData {
  readonly train: readonly SentencePair[];
  /** Choose the best epoch; none where there are none. */
  readonly validation?: readonly SentencePair[] | undefined;
  /** Are held out for the report; none where there are none. */
  readonly test?: readonly SentencePair[] | undefined;
  /** An earlier translator, whose weights, tokens and shape training begins with. */
  readonly initial?: Translator | undefined;
  /**
   * A larger translator that is learned from besides the pairs; its tokens, cell, layers and attention are taken, and half
   * its widths where nothing else is said. Its temperature is 1 by default.
   */
  readonly teacher?: TaskTeacher<Translator> | undefined;
  /** How the pairs were read; kept in the model's file. See {@link TrainedPairs.reading}. */
  readonly reading?: TrainedPairs['reading'] | undefined;
}

export type PairParts = Readonly<Record<'train' | 'validation' | 'test', readonly SentencePair[]>>;

/** Most pairs of a part that training cuts: enough for a percent, and translated in two minutes. */
const mostOfPart = { validation: 2000, test: 10_000 } as const;

/**
 * The parts as given, or cut from the training pairs: a source decides by its hash, so that equal ones stay together, and
 * further pairs move none. Training pairs with an empty side are left out and counted.
 *
 * @throws USAGE, DATA_FORMAT; OUT_OF_RANGE where nothing is left to learn from
 */
export function partsOf(
  data: TranslatorData,
  options: Resolved<TranslatorOptions>,
  where: string,
): { readonly parts: PairParts; readonly numEmpty: number } {
  const all = requirePairs(data.train, `${where}, train`);
  const given = (part: 'validation' | 'test') =>
    data[part] && (data[part].length === 0 ? [] : requirePairs(data[part], `${where}, ${part}`));
  const own = { validation: given('validation'), test: given('test') };
  const shareOf = (part: 'validation' | 'test'): number =>
    own[part] === undefined ? Math.min(options[part], mostOfPart[part] / all.length) : 0;
  const [test, validation] = [shareOf('test'), shareOf('validation')];
  const cut: Record<keyof PairParts, SentencePair[]> = { train: [], validation: [], test: [] };
  for (const pair of all) {
    const at = evenly(fnv1a(`${options.splitSeed} ${pair.source.toLowerCase()}`)) / 2 ** 32;
    cut[at < test ? 'test' : at < test + validation ? 'validation' : 'train'].push(pair);
  }
  const { train } = cut;
  if (train.length > 0)
    return {
      parts: { train, validation: own.validation ?? cut.validation, test: own.test ?? cut.test },
      numEmpty: data.train.length - all.length,
    };
  throw new RondoError('OUT_OF_RANGE', {
    where,
    what: 'there are too few pairs to hold some out.',
    expected: 'pairs with different sources',
    received: `${all.length} pairs`,
    fix: 'give more pairs, or validation and test pairs.',
  });
}

/** To know pairs again, those of each part that is learned from or chooses. */
export function fingerprintOfParts({ train, validation }: PairParts): number {
  const text = (part: readonly SentencePair[]): string =>
    part.map(({ source, target }) => `${source}\t${target}`).join('\n');
  return fnv1a(`${text(train)}\n\n${text(validation)}`);
}

/**
 * Mixes all bits of a hash into each, so that its share of all hashes is even: of texts that differ in their last
 * characters alone, FNV-1a's are neighbours. The finaliser of MurmurHash3 (Appleby 2011).
 */
function evenly(hash: number): number {
  let mixed = hash;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
