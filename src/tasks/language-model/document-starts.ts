import { isCount, SavedFields } from '../../data/saved-fields.js';
import type { TokenCodec } from '../../data/tokens/token-codec.js';
import { RondoError } from '../../errors.js';

/** What one document of a text is: each given file, what stands between blank lines, or each line. */
export const documentKinds = ['file', 'blank-line', 'line'] as const;

export type DocumentKind = (typeof documentKinds)[number];

/**
 * Where a text has no documents: after a sentence, after the sign that is most frequent, or after the token that is.
 */
const startKinds = [...documentKinds, 'sentence', 'sign', 'token'] as const;

export type StartKind = (typeof startKinds)[number];

/** How the texts of a model begin; plain JSON. */
export interface TextStart {
  readonly kind: StartKind;
  /** What stands before each beginning: what is read on empty states before a text is written. */
  readonly tokens: readonly number[];
}

/** A text's beginnings. */
export interface DocumentStarts extends TextStart {
  /** Where the tokens before each beginning stand, in rising order. */
  readonly places: Int32Array;
}

/** With fewer beginnings a kind is passed over where another is there. */
const leastStarts = 8;

/** The most tokens that are read before a text is written. */
const longestStart = 8;

/** Where a beginning's own tokens begin, and where those before it do. */
type Boundary = readonly [before: number, begin: number];

/**
 * Where the documents of a text begin, and what stands before them: the tokens that do so most often.
 *
 * @param files places where given files begin.
 * @param kind by default the first that is there often enough: many files, blank lines, lines, sentences, a frequent
 * sign.
 * @throws DATA_FORMAT where the text has no documents of the kind
 */
export function documentStarts(
  tokens: Int32Array,
  codec: TokenCodec,
  files: readonly number[],
  kind?: DocumentKind,
): DocumentStarts {
  const texts = Array.from({ length: codec.size }, (_, token) => codec.written(token, undefined) ?? partOfCharacter);
  if (kind !== undefined) {
    const found = commonest(kind, tokens, boundariesOf(kind, tokens, texts, files));
    if (found.places.length > 0) return found;
    throw new RondoError('DATA_FORMAT', {
      where: 'LanguageModelTraining',
      what: `the text does not fall into documents by ${kind}.`,
      expected: 'at least two documents',
      received: 'one',
      fix: 'choose another kind of documents, or none: it is then found.',
    });
  }
  // What stands for unknown tokens is no sign of a beginning.
  const isKnown = ([before, begin]: Boundary): boolean =>
    !tokens.subarray(Math.max(before, begin - longestStart), begin).includes(codec.unknownId ?? -1);
  let best: DocumentStarts | undefined;
  for (const candidate of startKinds) {
    const found = commonest(
      candidate,
      tokens,
      boundariesOf(candidate, tokens, texts, files, codec.unknownId).filter(isKnown),
    );
    if (found.places.length >= leastStarts) return found;
    if (best === undefined || found.places.length > best.places.length) best = found;
  }
  return best!;
}

/** @param texts what each token writes */
function boundariesOf(
  kind: StartKind,
  tokens: Int32Array,
  texts: readonly string[],
  files: readonly number[],
  unknownId?: number,
): Boundary[] {
  if (kind === 'file')
    return files.filter((place) => place > 0 && place < tokens.length).map((place): Boundary => [place - 1, place]);
  if (kind === 'line') return lineStarts(tokens, texts, 1);
  if (kind === 'blank-line') return lineStarts(tokens, texts, 2);
  if (kind === 'sentence') return sentenceStarts(tokens, texts);
  const counts = countsOf(tokens, texts.length);
  const candidates = texts.flatMap((text, token) =>
    token === unknownId ? [] : kind === 'token' || /^[\p{P}\p{S}\s]+$/u.test(text) ? [token] : [],
  );
  const sign = candidates.reduce<number | undefined>(
    (most, token) => (most === undefined || counts[token] > counts[most] ? token : most),
    undefined,
  );
  return sign === undefined ? [] : placesAfter(tokens, sign);
}

/** How often each token stands in a text. */
function countsOf(tokens: Int32Array, size: number): Int32Array {
  const counts = new Int32Array(size);
  for (const token of tokens) counts[token]++;
  return counts;
}

/** What stands for a token that is part of a character: something visible. */
const partOfCharacter = 'x';

function placesAfter(tokens: Int32Array, sign: number): Boundary[] {
  const found: Boundary[] = [];
  for (let i = 1; i < tokens.length; i++) if (tokens[i - 1] === sign) found.push([i - 1, i]);
  return found;
}

/** Beginnings of lines that are not blank, each after at least so many line ends in a row. */
function lineStarts(tokens: Int32Array, texts: readonly string[], leastEnds: number): Boundary[] {
  const isBlank = texts.map((text) => text.trim() === '');
  const ends = texts.map((text) => text.slice(text.trimEnd().length).split('\n').length - 1);
  const isAtEnd = texts.map((text) => text.endsWith('\n'));
  const breaks = texts.map((text) => text.slice(0, text.length - text.trimStart().length).includes('\n'));
  const found: Boundary[] = [];
  let run = 0;
  let runBegin = 0;
  let candidate: Boundary | undefined;
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i];
    if (candidate === undefined && i > 0 && run >= leastEnds && isAtEnd[tokens[i - 1]])
      candidate = [leastEnds === 1 ? i - 1 : runBegin, i];
    // Of a blank line there is nothing to learn, and a token that holds a line end and more has no beginning inside of
    // it.
    if (breaks[token]) candidate = undefined;
    if (isBlank[token]) {
      if (run === 0) runBegin = i;
      run += ends[token];
      continue;
    }
    if (candidate !== undefined) found.push(candidate);
    candidate = undefined;
    run = ends[token];
    runBegin = i;
  }
  return found;
}

/** Beginnings of what follows a full stop and white space, or an East Asian full stop. */
function sentenceStarts(tokens: Int32Array, texts: readonly string[]): Boundary[] {
  const isEnd = texts.map((text) => /[.!?…。！？]["'”’)」』》]*\s*$/u.test(text));
  const isWide = texts.map((text) => /[。！？]/u.test(text));
  const isCloser = texts.map((text) => /^["'”’)」』》]+\s*$/u.test(text));
  const found: Boundary[] = [];
  let end: number | undefined;
  let isSpaced = false;
  let needsSpace = true;
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i];
    if (isEnd[token]) {
      end ??= i;
      isSpaced = /\s$/u.test(texts[token]);
      needsSpace = !isWide[token];
    } else if (end !== undefined && texts[token].trim() === '') {
      isSpaced = true;
    } else if (end !== undefined && (isSpaced || !isCloser[token])) {
      if (isSpaced || !needsSpace || /^\s/u.test(texts[token])) found.push([end, i]);
      end = undefined;
    }
  }
  return found;
}

/** The beginnings after the tokens that stand before most of them. */
function commonest(kind: StartKind, tokens: Int32Array, boundaries: readonly Boundary[]): DocumentStarts {
  const groups = new Map<string, number[]>();
  for (const [before, begin] of boundaries) {
    const from = Math.max(before, begin - longestStart);
    const key = tokens.subarray(from, begin).join(' ');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [from]);
    else group.push(from);
  }
  let best: { readonly key: string; readonly places: readonly number[] } = { key: '', places: [] };
  for (const [key, places] of groups) if (places.length > best.places.length) best = { key, places };
  return { kind, tokens: best.key === '' ? [] : best.key.split(' ').map(Number), places: Int32Array.from(best.places) };
}

/** The start in a model's file; undefined in files of earlier versions. @throws FILE_FORMAT */
export function savedStart(text: SavedFields, numTokens: number): TextStart | undefined {
  const isStart = (value: unknown): value is object | undefined =>
    value === undefined || (typeof value === 'object' && value !== null);
  const found = text.read('start', 'an object', isStart);
  if (found === undefined) return undefined;
  const saved = new SavedFields(text.where, found);
  return {
    kind: saved.read('kind', startKinds.join(', '), (value): value is StartKind =>
      startKinds.includes(value as StartKind),
    ),
    tokens: saved.read(
      'tokens',
      `at most ${longestStart} tokens below ${numTokens}`,
      (value): value is number[] =>
        Array.isArray(value) &&
        value.length <= longestStart &&
        value.every((token) => isCount(token) && token < numTokens),
    ),
  };
}
