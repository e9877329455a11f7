import { RondoError } from '../../errors.js';
import { requireTexts } from '../require-texts.js';
import { type SentenceCodec, specialIds } from './sentence-codec.js';
import { cleanSentence } from './sentence-pair.js';

const where = 'Translator.predict';

/** What targets may be. */
export interface TargetConstraint {
  /** What they begin with. */
  readonly prefix?: string | undefined;
  /** All that they may be. */
  readonly oneOf?: readonly string[] | undefined;
}

/** The ids that may follow others, by id. */
type Tree = Map<number, Tree>;

/** What ids of targets may be. */
export interface AllowedIds {
  /** Which may follow others; undefined where all may. */
  allowed(ids: readonly number[]): Iterable<number> | undefined;
  /** The most ids that are told. */
  readonly numTold: number;
}

/**
 * What a constraint says of ids; undefined where it says nothing.
 *
 * @throws USAGE where both are given, and for what holds an unknown token; DATA_FORMAT for what is no text
 */
export function constraintOf({ prefix, oneOf }: TargetConstraint, codec: SentenceCodec): AllowedIds | undefined {
  if (prefix !== undefined && oneOf !== undefined)
    throw misuse('a prefix and a list of translations cannot be given together.', 'one of them', 'leave one out.');
  if (prefix !== undefined) {
    requireTexts(`${where}, prefix`, [prefix], 'a text that translations begin with');
    const ids = encoded(prefix, codec);
    return {
      allowed: (before) => (before.length < ids.length ? [ids[before.length]] : undefined),
      numTold: ids.length,
    };
  }
  if (oneOf === undefined) return undefined;
  requireTexts(`${where}, oneOf`, oneOf, 'a list of texts');
  if (oneOf.length === 0)
    throw misuse('there is no translation to choose.', 'a list of texts', 'give at least one text.');
  const tree: Tree = new Map();
  let numTold = 0;
  for (const text of oneOf) {
    let at = tree;
    const ids = encoded(text, codec);
    numTold = Math.max(numTold, ids.length);
    for (const id of [...ids, specialIds.end]) {
      const next = at.get(id) ?? new Map();
      at.set(id, next);
      at = next;
    }
  }
  return {
    allowed(before) {
      let at: Tree | undefined = tree;
      for (const id of before) at = at?.get(id);
      return at?.keys() ?? [];
    },
    numTold,
  };
}

function encoded(text: string, codec: SentenceCodec): Int32Array {
  const ids = codec.encode(cleanSentence(text));
  const unknown = ids.findIndex((id) => codec.isUnknown(id));
  if (unknown < 0) return ids;
  const token = JSON.stringify(codec.split(cleanSentence(text))[unknown]);
  throw misuse(
    `${JSON.stringify(text)} has a token that the model does not know: ${token}.`,
    'known tokens, as training has shown them',
    'leave it out, or train with such a text.',
  );
}

function misuse(what: string, expected: string, fix: string): RondoError {
  return new RondoError('USAGE', { where, what, expected, fix });
}
