import { RondoError } from '../errors.js';

/** A sentence of a file, as words and the lines they stand on. */
export interface SentenceLines {
  readonly words: readonly string[];
  /** By word: its line, from 0. */
  readonly lines: readonly number[];
  /** By word: what stands in each column of its line. */
  readonly fields: readonly (readonly string[])[];
}

/** @internal The lines of a text without their ends (LF, CRLF or CR) and without a byte order mark. */
export function plainLines(text: string): string[] {
  return (text.startsWith('\ufeff') ? text.slice(1) : text).split(/\r\n|\n|\r/);
}

/**
 * @internal The same lines with what ends each (LF, CRLF, CR, or nothing after the last), so that they can be written
 * again.
 */
export function linesWithEnds(text: string): { readonly lines: string[]; readonly ends: string[] } {
  return { lines: plainLines(text), ends: [...Array.from(text.matchAll(/\r\n|\n|\r/g), ([end]) => end), ''] };
}

/** @internal Lines as one text. @param ends of each; without them LF between all */
export function withEnds(lines: readonly string[], ends: readonly string[] | undefined): string {
  return ends === undefined ? lines.join('\n') : lines.map((line, i) => line + ends[i]).join('');
}

/** @internal A malformed line. @param line from 0. */
export function badLine(
  where: string,
  line: number,
  what: string,
  facts: { expected: string; received: string; fix: string },
): RondoError {
  return new RondoError('DATA_FORMAT', {
    where: `${where}, line ${line + 1}`,
    what,
    ...facts,
    received: JSON.stringify(facts.received.slice(0, 120)),
  });
}

/** @internal @throws DATA_FORMAT */
export function requireSentences(where: string, sentences: readonly SentenceLines[], what: string): void {
  if (sentences.length > 0) return;
  throw new RondoError('DATA_FORMAT', {
    where,
    what: 'the file holds no sentence.',
    expected: what,
    received: 'no word at all',
    fix: 'check that the file was written completely, and that it is in this format.',
  });
}
