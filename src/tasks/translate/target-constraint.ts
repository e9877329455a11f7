import { RondoError } from '../../errors.js';
import { type SentenceCodec, specialIds } from './sentence-codec.js';
import { cleanSentence } from './sentence-pair.js';

/** What targets may be. */
export interface TargetConstraint {
  /** What they begin with. */
  readonly prefix?: string | undefined;
  /** All that they may be. */
  readonly oneOf?: readonly string[] | undefined;
}

/** The ids that may follow others, by id. */
type Tree = Map<number, Tree>;

/**
 * Which ids may follow those of a target; undefined where all may. @throws USAGE where both are given, and for what
 * holds an unknown token
 */
export function constraintOf(
  { prefix, oneOf }: TargetConstraint,
  codec: SentenceCodec,
): ((ids: readonly number[]) => Iterable<number> | undefined) | undefined {
  if (prefix !== undefined && oneOf !== undefined)
    throw misuse('a prefix and a list of translations cannot be given together.', 'one of them', 'leave one out.');
  if (prefix !== undefined) {
    const ids = encoded(prefix, codec);
    return (before) => (before.length < ids.length ? [ids[before.length]] : undefined);
  }
  if (oneOf === undefined) return undefined;
  if (!Array.isArray(oneOf) || oneOf.length === 0)
    throw misuse('there is no translation to choose.', 'a list of texts', 'give at least one text.');
  const tree: Tree = new Map();
  for (const text of oneOf) {
    let at = tree;
    for (const id of [...encoded(text, codec), specialIds.end]) {
      const next = at.get(id) ?? new Map();
      at.set(id, next);
      at = next;
    }
  }
  return (before) => {
    let at: Tree | undefined = tree;
    for (const id of before) at = at?.get(id);
    return at?.keys() ?? [];
  };
}

function encoded(text: string, codec: SentenceCodec): Int32Array {
  const ids = codec.encode(cleanSentence(text));
  if (!ids.some((id) => codec.isUnknown(id))) return ids;
  throw misuse(
    `${JSON.stringify(text)} has a token that the model does not know.`,
    'known tokens, as training has shown them',
    'leave it out, or train with such a text.',
  );
}

function misuse(what: string, expected: string, fix: string): RondoError {
  return new RondoError('USAGE', { where: 'Translator.predict', what, expected, fix });
}
