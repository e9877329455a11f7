import { graphemesOf } from '../../data/graphemes.js';
import type { TokenCodec } from '../../data/tokens/token-codec.js';
import { RondoError, refuseUnknownOptions, requireCount } from '../../errors.js';
import type { TokenConstraint } from '../decoding/token-constraint.js';

/** The form of a poem, which every text written in it has. */
export interface PoemFormOptions {
  /** Number of lines. Default: one for each character of the acrostic. */
  lines?: number | undefined;
  /** Characters (graphemes) of each line, white space not counted. By default the model ends its lines. */
  charactersPerLine?: number | undefined;
  /** Characters that the lines begin with, one each. */
  acrostic?: string | undefined;
  /**
   * What ends a line, by turns: `['，', '。\n']` for Chinese couplets. Default a line end. Lines that end with a visible
   * sign hold letters and digits only. White space at the very end of the poem is not written.
   */
  lineEnds?: readonly string[] | undefined;
}

/** What may be written next, at one place of a poem. */
export interface PoemPlace extends TokenConstraint {
  readonly isDone: boolean;
  /** Whether an allowed token is part of the text; a line end that only ends the whole is not. */
  writes(token: number): boolean;
  after(token: number): PoemPlace;
}

/** A line whose length the model chooses is ended after this many characters. */
const longestLine = 100;

/** What a token brings to a line. */
interface TokenFacts {
  /** Graphemes without white space. */
  readonly length: number;
  /** The first of them. */
  readonly first: string | undefined;
  readonly startsWithSpace: boolean;
  readonly endsWithSpace: boolean;
}

/**
 * A poem's form as constraints on each token. Tokens are allowed only where the rest of the line can still be filled
 * with tokens of the vocabulary, so that no text gets stuck and none breaks the form.
 *
 * @throws OUT_OF_RANGE, UNKNOWN_NAME; USAGE where the model cannot write in this form
 */
export class PoemForm {
  readonly numLines: number;
  readonly charactersPerLine: number | undefined;
  /** By line. */
  readonly starts: readonly (string | undefined)[];
  /** By line: the tokens that end it. */
  readonly ends: readonly Int32Array[];
  /** By line: the token by which the model ends a line whose length it chooses. */
  readonly endTokens: readonly number[];
  readonly #facts: readonly (TokenFacts | undefined)[];

  /** Whether so many characters can be filled. */
  readonly #isFillable: readonly boolean[];

  constructor(codec: TokenCodec, options: PoemFormOptions, where = 'PoemForm') {
    refuseUnknownOptions(where, options, ['lines', 'charactersPerLine', 'acrostic', 'lineEnds']);
    const { charactersPerLine, lineEnds = ['\n'] } = options;
    const acrostic =
      options.acrostic === undefined
        ? []
        : graphemesOf(options.acrostic).filter((character) => character.trim() !== '');
    if (options.acrostic !== undefined && acrostic.length === 0)
      throw impossible(where, 'the acrostic is empty.', 'at least one character', JSON.stringify(options.acrostic));
    const lines = options.lines ?? (acrostic.length > 0 ? acrostic.length : undefined);
    if (lines === undefined)
      throw impossible(where, 'a form needs to know how many lines it has.', '`lines` or `acrostic`', 'neither');
    requireCount(where, 'lines', lines);
    if (charactersPerLine !== undefined) requireCount(where, 'charactersPerLine', charactersPerLine);
    if (acrostic.length > 0 && acrostic.length !== lines)
      throw impossible(
        where,
        'the acrostic does not fit the lines.',
        `${lines} characters, one a line`,
        `${acrostic.length}: ${options.acrostic}`,
      );
    if (lineEnds.length === 0 || lineEnds.some((end) => end === ''))
      throw impossible(
        where,
        'a line end is empty.',
        'at least one character for each line end',
        JSON.stringify(lineEnds),
      );
    this.numLines = lines;
    this.charactersPerLine = charactersPerLine;
    this.ends = Array.from({ length: lines }, (_, line) => {
      const end = lineEnds[line % lineEnds.length];
      return line < lines - 1 ? spelled(codec, end, where) : spelled(codec, end.trimEnd(), where);
    });
    this.endTokens = this.ends.map(
      (end, line) => (end.length > 0 ? end : spelled(codec, lineEnds[line % lineEnds.length], where))[0],
    );
    this.#facts = factsOf(codec, lineEnds);
    this.#isFillable = fillable(this.#facts, charactersPerLine ?? 0);
    // A codec may have a form of its own for a character: lower case.
    const hasBeginning = (character: string): boolean => this.#facts.some((found) => found?.first === character);
    this.starts = Array.from({ length: lines }, (_, line) =>
      acrostic.length === 0 || hasBeginning(acrostic[line])
        ? acrostic.at(line)
        : codec.decode(codec.encode(acrostic[line])),
    );
    this.#requireBeginnings(acrostic, where);
  }

  /** The constraint on the first token. */
  start(): PoemPlace {
    return new PlaceInPoem(this, 0, 0, false, undefined);
  }

  factsOf(token: number): TokenFacts | undefined {
    return this.#facts[token];
  }

  /**
   * Whether a token can stand where `left` characters of the line are left: white space may stand before its last one,
   * not after it.
   */
  fits({ length, endsWithSpace }: TokenFacts, left: number): boolean {
    return length <= left && this.#isFillable[left - length] && !(endsWithSpace && length === left);
  }

  /** Whether a line can begin with the token. */
  canBegin(token: number, line: number): boolean {
    const found = this.#facts[token];
    if (found === undefined || found.length === 0 || found.startsWithSpace) return false;
    const { charactersPerLine } = this;
    if (charactersPerLine !== undefined && !this.fits(found, charactersPerLine)) return false;
    return this.starts[line] === undefined || found.first === this.starts[line];
  }

  #requireBeginnings(acrostic: readonly string[], where: string): void {
    for (let line = 0; line < this.numLines; line++) {
      if (acrostic.length === 0 && line > 0) return;
      if (this.#facts.some((_, token) => this.canBegin(token, line))) continue;
      throw impossible(
        where,
        acrostic.length === 0
          ? 'the vocabulary cannot fill such a line.'
          : `no line of this form can begin with ${JSON.stringify(acrostic[line])}.`,
        'tokens of whole characters that fill ' +
          `${this.charactersPerLine ?? 'a line'}${this.charactersPerLine === undefined ? '' : ' characters'}`,
        acrostic.length === 0
          ? 'none that fit'
          : `no token that begins with ${JSON.stringify(acrostic[line])} and fits`,
      );
    }
  }
}

class PlaceInPoem implements PoemPlace {
  readonly #form: PoemForm;
  readonly #line: number;
  readonly #count: number;
  readonly #afterSpace: boolean;
  readonly #ending: number | undefined;

  /**
   * @param count characters of the line so far.
   * @param afterSpace whether the line ends with white space.
   * @param ending how many tokens of the line's end are written, where it is being written.
   */
  constructor(form: PoemForm, line: number, count: number, afterSpace: boolean, ending: number | undefined) {
    this.#form = form;
    this.#line = line;
    this.#count = count;
    this.#afterSpace = afterSpace;
    this.#ending = ending;
  }

  get isDone(): boolean {
    return this.#line === this.#form.numLines;
  }

  allows(token: number): boolean {
    const form = this.#form;
    const line = this.#line;
    const count = this.#count;
    if (this.isDone) return false;
    const end = form.ends[line];
    if (this.#ending !== undefined) return token === end[this.#ending];
    if (count === 0) return form.canBegin(token, line);
    const wanted = form.charactersPerLine;
    if (wanted === undefined && token === form.endTokens[line]) return true;
    const found = form.factsOf(token);
    if (found === undefined) return false;
    if (found.length === 0) return !this.#afterSpace;
    if (wanted === undefined) return count + found.length <= longestLine;
    return form.fits(found, wanted - count);
  }

  writes(token: number): boolean {
    const form = this.#form;
    const line = this.#line;
    return !(
      this.#ending === undefined &&
      form.charactersPerLine === undefined &&
      this.#count > 0 &&
      token === form.endTokens[line] &&
      form.ends[line].length === 0
    );
  }

  after(token: number): PoemPlace {
    const form = this.#form;
    const line = this.#line;
    const count = this.#count;
    const ending = this.#ending;
    if (ending !== undefined || (form.charactersPerLine === undefined && count > 0 && token === form.endTokens[line]))
      return this.#atEnd((ending ?? 0) + 1);
    const found = form.factsOf(token)!;
    const next = new PlaceInPoem(form, line, count + found.length, found.endsWithSpace, undefined);
    return next.#count === (form.charactersPerLine ?? longestLine) ? next.#atEnd(0) : next;
  }

  /** The place after so many tokens of the line's end. */
  #atEnd(written: number): PlaceInPoem {
    const form = this.#form;
    const line = this.#line;
    return written < form.ends[line].length
      ? new PlaceInPoem(form, line, this.#count, false, written)
      : new PlaceInPoem(form, line + 1, 0, false, undefined);
  }
}

/**
 * Signs that join with what stands before or after them, so that the number of graphemes would depend on the neighbour.
 */
const binding = new RegExp(
  [
    String.raw`^[\u1160-\u11ff\ud7b0-\ud7fb]`,
    String.raw`[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u0d4e\u1100-\u115f\ua960-\ua97c\u200d]$`,
    String.raw`\p{Regional_Indicator}`,
  ].join('|'),
  'u',
);

function factsOf(codec: TokenCodec, lineEnds: readonly string[]): (TokenFacts | undefined)[] {
  const hasSigns = lineEnds.some((end) => end.trim() !== '');
  const endSigns = new Set(lineEnds.flatMap((end) => Array.from(end)));
  const ok = hasSigns ? /^[\p{L}\p{N}\p{M}\p{Zs}]+$/u : /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\ufffd]+$/u;
  return Array.from({ length: codec.size }, (_, token) => {
    const text = token === codec.unknownId ? undefined : codec.written(token, undefined);
    if (
      text === undefined ||
      text === '' ||
      !ok.test(text) ||
      binding.test(text) ||
      Array.from(text).some((character) => endSigns.has(character))
    )
      return undefined;
    // A sign that joins any letter before it is no character of its own.
    if (graphemesOf(`x${text}`)[0] !== 'x') return undefined;
    const visible = graphemesOf(text).filter((grapheme) => grapheme.trim() !== '');
    return {
      length: visible.length,
      first: visible[0],
      startsWithSpace: text.trimStart() !== text,
      endsWithSpace: text.trimEnd() !== text,
    };
  });
}

/** For 0 to `most` characters: whether tokens can fill them exactly. */
function fillable(facts: readonly (TokenFacts | undefined)[], most: number): boolean[] {
  const lengths = new Set(facts.map((found) => (found === undefined || found.endsWithSpace ? 0 : found.length)));
  lengths.delete(0);
  const can = [true];
  for (let count = 1; count <= most; count++)
    can.push([...lengths].some((length) => length <= count && can[count - length]));
  return can;
}

/** The tokens of a text that must be written exactly. */
function spelled(codec: TokenCodec, text: string, where: string): Int32Array {
  if (text === '') return new Int32Array(0);
  const tokens = codec.encode(text);
  if (tokens.length > 0 && codec.decode(tokens) === text && !tokens.some((token) => token === codec.unknownId))
    return tokens;
  throw impossible(
    where,
    `the model cannot write the line end ${JSON.stringify(text)}.`,
    'signs of the texts it was trained on',
    `it would write ${JSON.stringify(codec.decode(tokens))}`,
  );
}

function impossible(where: string, what: string, expected: string, received: string): RondoError {
  return new RondoError('USAGE', {
    where,
    what,
    expected,
    received,
    fix: 'choose a form that fits the model, or train the model on texts of this form.',
  });
}
