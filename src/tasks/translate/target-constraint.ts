import { RondoError } from '../../errors.js';
import { spelledBytes } from '../decoding/spelled-bytes.js';
import type { TokenConstraint } from '../decoding/token-constraint.js';
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

/** A constraint on ids of targets, and the most ids that it tells. */
export interface IdConstraint {
  readonly constraint: TokenConstraint | undefined;
  readonly numTold: number;
}

/**
 * What a constraint says of ids; undefined where it says nothing.
 *
 * @throws USAGE where both are given, and for what holds an unknown token; DATA_FORMAT for what is no text
 */
export function constraintOf({ prefix, oneOf }: TargetConstraint, codec: SentenceCodec): IdConstraint | undefined {
  if (prefix !== undefined && oneOf !== undefined)
    throw misuse('a prefix and a list of translations cannot be given together.', 'one of them', 'leave one out.');
  if (prefix !== undefined) {
    requireTexts(`${where}, prefix`, [prefix], 'a text that translations begin with');
    requireKnown(prefix, codec);
    // Other pairs of bytes than those of the prefix alone may spell its last word and what follows.
    const { ids, open } = codec.encodeOpen(cleanSentence(prefix));
    return {
      constraint: told(
        ids,
        spelledBytes(open, (id) => codec.bytesOf(id)),
      ),
      numTold: ids.length + open.length,
    };
  }
  if (oneOf === undefined) return undefined;
  requireTexts(`${where}, oneOf`, oneOf, 'a list of texts');
  if (oneOf.length === 0)
    throw misuse('there is no translation to choose.', 'a list of texts', 'give at least one text.');
  const tree = new Choice();
  let numTold = 0;
  for (const text of oneOf) {
    const ids = encoded(text, codec);
    numTold = Math.max(numTold, ids.length);
    [...ids, specialIds.end].reduce((at, id) => at.with(id), tree);
  }
  return { constraint: tree, numTold };
}

/** These ids, one after the other, and what is asked behind them. */
function told(ids: Int32Array, behind: TokenConstraint | undefined): TokenConstraint | undefined {
  if (ids.length === 0) return behind;
  return { allows: (id) => id === ids[0], after: () => told(ids.subarray(1), behind) };
}

/** The ids that lists of ids go on with, and what follows on each. */
class Choice implements TokenConstraint {
  readonly #next = new Map<number, Choice>();

  allows(id: number): boolean {
    return this.#next.has(id);
  }

  after(id: number): Choice {
    return this.#next.get(id) ?? new Choice();
  }

  /** Allows an id, and gives what may follow it. */
  with(id: number): Choice {
    const next = this.after(id);
    this.#next.set(id, next);
    return next;
  }
}

function encoded(text: string, codec: SentenceCodec): Int32Array {
  requireKnown(text, codec);
  return codec.encode(cleanSentence(text));
}

/** @throws USAGE for a text with a token that the model does not know */
function requireKnown(text: string, codec: SentenceCodec): void {
  const ids = codec.encode(cleanSentence(text));
  const unknown = ids.findIndex((id) => codec.isUnknown(id));
  if (unknown < 0) return;
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
