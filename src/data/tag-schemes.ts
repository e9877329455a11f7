import { RondoError, unknownName } from '../errors.js';
import type { ChainConstraints } from '../tensor/chain-decoding.js';

/**
 * How tags of single words mark spans of words (Ramshaw and Marcus 1995; Tjong Kim Sang and Veenstra 1999):
 *
 * - `bio` (IOB2): `B-X` begins every span of the kind X, `I-X` goes on, `O` is outside.
 * - `iob1`: `I-X` everywhere in a span; `B-X` only where a span directly follows another one of its kind.
 * - `iobes`: as `bio`, with `E-X` for the last word and `S-X` for a span of one word.
 * - `bilou`: the same with `L-X` and `U-X`.
 */
export const tagSchemes = ['bio', 'iob1', 'iobes', 'bilou'] as const;
export type TagScheme = (typeof tagSchemes)[number];

/** A tag taken apart: `B-PER` has the part `B` and the kind `PER`; what has no prefix has no kind. */
export interface TagParts {
  readonly part: string;
  readonly kind: string;
}

const prefixed = /^([BIESLU])-(.+)$/su;

/** L and U of `bilou` are read as E and S. */
export function tagParts(tag: string): TagParts {
  const found = prefixed.exec(tag);
  if (found === null) return { part: tag, kind: '' };
  const [, part, kind] = found;
  return { part: part === 'L' ? 'E' : part === 'U' ? 'S' : part, kind };
}

/** Whether a span ends before the second tag. */
function endsBetween(before: TagParts, after: TagParts): boolean {
  if (before.part === 'O') return false;
  if (before.kind !== after.kind || before.part === 'E' || before.part === 'S') return true;
  return after.part === 'B' || after.part === 'O' || after.part === 'S';
}

/** Whether a span begins with the second tag. */
function beginsBetween(before: TagParts, after: TagParts): boolean {
  if (after.part === 'O') return false;
  if (after.part === 'B' || after.part === 'S' || before.kind !== after.kind) return true;
  return before.part === 'O' || before.part === 'E' || before.part === 'S';
}

/** Words `start` to before `end` that are one thing of a kind. */
export interface Span {
  readonly kind: string;
  readonly start: number;
  readonly end: number;
}

const outside: TagParts = { part: 'O', kind: '' };

/**
 * The spans that tags mark, read as the CoNLL shared tasks' `conlleval` reads them: whatever the tags are, a change of
 * kind ends a span and begins one, and an `I-X` that follows no span of its kind begins one.
 */
export function spansOf(tags: readonly string[]): Span[] {
  const spans: Span[] = [];
  let start = -1;
  let before = outside;
  for (let i = 0; i <= tags.length; i++) {
    const here = i === tags.length ? outside : tagParts(tags[i]);
    if (start >= 0 && endsBetween(before, here)) {
      spans.push({ kind: before.kind, start, end: i });
      start = -1;
    }
    if (beginsBetween(before, here)) start = i;
    before = here;
  }
  return spans;
}

/** Whether a scheme allows one tag after another; undefined stands for the start or the end of a sentence. */
function mayFollow(scheme: TagScheme, before: TagParts | undefined, after: TagParts | undefined): boolean {
  const isSame = before !== undefined && after !== undefined && before.kind === after.kind;
  const isOpen = before !== undefined && (before.part === 'B' || before.part === 'I');
  switch (scheme) {
    case 'bio':
      return after?.part !== 'I' || (isOpen && isSame);
    case 'iob1':
      return after?.part !== 'B' || (isOpen && isSame);
    case 'iobes':
    case 'bilou':
      return after?.part === 'I' || after?.part === 'E' ? isOpen && isSame : !isOpen;
  }
}

/**
 * Which tags may begin and end a sentence and follow each other; for {@link CRF}.
 *
 * @param tags in the order of their labels; `O` among them, and of each kind the tags that were seen.
 * @throws UNKNOWN_NAME for an unknown scheme; DATA_FORMAT for a tag that the scheme does not have, or where there is no
 * `O`
 */
export function tagConstraints(tags: readonly string[], scheme: TagScheme): ChainConstraints {
  if (!tagSchemes.includes(scheme)) throw unknownName('tagConstraints', 'scheme', scheme, tagSchemes);
  const letters = { bio: 'BI', iob1: 'BI', iobes: 'BIES', bilou: 'BILU' }[scheme];
  const foreign = tags.find((tag) => tag !== 'O' && !(prefixed.test(tag) && letters.includes(tag[0])));
  if (foreign !== undefined || !tags.includes('O')) {
    throw new RondoError('DATA_FORMAT', {
      where: 'tagConstraints',
      what:
        foreign === undefined
          ? 'no tag `O` stands for words outside of all spans.'
          : `\`${foreign}\` is no tag of the scheme \`${scheme}\`.`,
      expected: `O, and ${[...letters].map((letter) => `${letter}-KIND`).join(', ')}`,
      received: tags.slice(0, 20).join(', '),
      fix: 'choose the scheme of the data, or none.',
    });
  }
  const parts = tags.map(tagParts);
  return {
    start: parts.map((after) => mayFollow(scheme, undefined, after)),
    end: parts.map((before) => mayFollow(scheme, before, undefined)),
    next: parts.map((before) => parts.map((after) => mayFollow(scheme, before, after))),
  };
}

/**
 * The scheme that tagged sentences are in: by the prefixes that occur, and `iob1` rather than `bio` where every
 * sentence keeps its rules and some break those of `bio`. Undefined where the tags mark no spans.
 */
export function detectTagScheme(sentences: Iterable<readonly string[]>): TagScheme | undefined {
  const letters = new Set<string>();
  let numOutside = 0;
  const breaks = { bio: false, iob1: false };
  for (const tags of sentences) {
    const parts = tags.map(tagParts);
    for (const [i, tag] of tags.entries()) {
      if (tag === 'O') numOutside++;
      else if (prefixed.test(tag)) letters.add(tag[0]);
      else return undefined;
      for (const scheme of ['bio', 'iob1'] as const) breaks[scheme] ||= !mayFollow(scheme, parts[i - 1], parts[i]);
    }
  }
  if (letters.size === 0 || numOutside === 0) return undefined;
  if (letters.has('L') || letters.has('U')) return letters.has('E') || letters.has('S') ? undefined : 'bilou';
  if (letters.has('E') || letters.has('S')) return 'iobes';
  return breaks.bio && !breaks.iob1 ? 'iob1' : 'bio';
}
