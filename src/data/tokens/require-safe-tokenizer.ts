import { RondoError } from '../../errors.js';

/**
 * Ids may have gaps, as where added tokens begin at a round number; a table by id must still be of the order of its
 * tokens.
 */
const mostPlacesPerToken = 16;
const freePlaces = 2 ** 16;

/**
 * Refuses what would make a tokenizer's library take memory or time without end, before it sees the file: ids far
 * beyond the number of tokens, and regular expressions that repeat a repetition, whose time can double with every
 * character.
 *
 * @param json the content of a `tokenizer.json`.
 * @throws FILE_FORMAT
 */
export function requireSafeTokenizer(json: object, where: string): void {
  const ids = idsOf(json);
  const limit = mostPlacesPerToken * ids.length + freePlaces;
  const wrong = ids.find((id) => !Number.isInteger(id) || (id as number) < 0 || (id as number) >= limit);
  if (wrong !== undefined) {
    throw new RondoError('FILE_FORMAT', {
      where,
      what: 'a token has an impossible id.',
      expected: `whole numbers from 0, below ${limit} for ${ids.length} tokens`,
      received: String(wrong).slice(0, 80),
      fix: 'use the tokenizer.json as its authors wrote it.',
    });
  }
  for (const pattern of patternsOf(json)) {
    if (!repeatsARepetition(pattern)) continue;
    throw new RondoError('FILE_FORMAT', {
      where,
      what: 'a regular expression of the tokenizer repeats a repetition, so it could run for ever.',
      expected: 'no * or + around a group that has one inside',
      received: JSON.stringify(pattern.slice(0, 120)),
      fix: 'use the tokenizer.json as its authors wrote it.',
    });
  }
}

function idsOf(json: object): unknown[] {
  const { model, added_tokens: added } = json as {
    model?: { vocab?: unknown | undefined } | undefined;
    added_tokens?: unknown | undefined;
  };
  const vocab = model?.vocab;
  // A list gives ids by its order.
  const own = typeof vocab === 'object' && vocab !== null && !Array.isArray(vocab) ? Object.values(vocab) : [];
  const listed = Array.isArray(vocab) ? vocab.map((_, id) => id) : [];
  const more = Array.isArray(added)
    ? added.map((token: unknown) => (token as { id?: unknown | undefined } | null)?.id)
    : [];
  return [...own, ...listed, ...more];
}

/** Every text under the name `Regex`, wherever it stands: the form of the format for patterns. */
export function* patternsOf(value: unknown): Generator<string> {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inside] of Object.entries(value)) {
    if (name === 'Regex' && typeof inside === 'string') yield inside;
    // The vocabulary is large, and texts in it are no patterns.
    else if (name !== 'vocab' && name !== 'merges') yield* patternsOf(inside);
  }
}

/** Whether a group that may repeat without end holds something that may, as in `(a+)+`. */
export function repeatsARepetition(pattern: string): boolean {
  const groups = [{ repeats: false }];
  let closed: { repeats: boolean } | undefined;
  for (let at = 0; at < pattern.length; at++) {
    const sign = pattern[at];
    const isEndless =
      sign === '*' || sign === '+' || (sign === '{' && /^\{\d+,(\d{3,})?\}/.test(pattern.slice(at, at + 24)));
    if (isEndless) {
      if (closed?.repeats === true) return true;
      groups[groups.length - 1].repeats = true;
    }
    closed = undefined;
    if (sign === '\\') at += 1;
    else if (sign === '[') at = endOfClass(pattern, at);
    else if (sign === '(') groups.push({ repeats: false });
    else if (sign === ')' && groups.length > 1) {
      closed = groups.pop()!;
      // A group inside carries its repetition outwards.
      if (closed.repeats) groups[groups.length - 1].repeats = true;
    }
  }
  return false;
}

/** Where the bracket stands that ends a character class; classes may hold classes. */
function endOfClass(pattern: string, start: number): number {
  let depth = 0;
  for (let at = start; at < pattern.length; at++) {
    if (pattern[at] === '\\') at += 1;
    else if (pattern[at] === '[') depth += 1;
    else if (pattern[at] === ']' && --depth === 0) return at;
  }
  return pattern.length;
}
