import { RondoError } from '../errors.js';

/** Deeper than any description of a model; far below what recursive code can follow. */
const deepestNesting = 128;

/**
 * Parses JSON of a file. Nesting is measured before anything is built, because code that walks a value recursively
 * would run out of stack on millions of levels.
 *
 * @param where the file's name, for messages.
 * @param what is damaged when it cannot be parsed, such as `the header`.
 * @throws FILE_FORMAT where it is no JSON, or nested too deeply.
 */
export function parseBoundedJson(
  text: string,
  where: string,
  what: string,
  revive?: (key: string, value: unknown) => unknown,
): unknown {
  const depth = nestingOf(text);
  if (depth > deepestNesting) {
    throw new RondoError('FILE_FORMAT', {
      where,
      what: `${what} is nested too deeply.`,
      expected: `at most ${deepestNesting} levels`,
      received: `more than ${deepestNesting} levels`,
      fix: 'use an intact file from a source that you trust.',
    });
  }
  try {
    return JSON.parse(text, revive);
  } catch (cause) {
    throw new RondoError('FILE_FORMAT', {
      where,
      what: `${what} is not JSON.`,
      expected: 'JSON in UTF-8',
      received: (cause instanceof Error ? cause.message : String(cause)).slice(0, 200),
      fix: 'copy or download the file again.',
      cause,
    });
  }
}

/** The most brackets that are open at once outside of texts; stops counting once there are too many. */
function nestingOf(text: string): number {
  let deepest = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) at = endOfText(text, at);
    else if (code === 0x5b || code === 0x7b) {
      depth += 1;
      if (depth > deepest) deepest = depth;
      if (deepest > deepestNesting) return deepest;
    } else if (code === 0x5d || code === 0x7d) depth -= 1;
  }
  return deepest;
}

/** Where the quote stands that ends the text beginning at a place. */
function endOfText(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x5c) at += 1;
    else if (code === 0x22) return at;
  }
  return text.length;
}
