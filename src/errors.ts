/**
 * Coded errors: data first, text second. Every failure a user can cause is thrown as a {@link RondoError}
 * whose message says what was expected, what came, and how to fix it.
 */

/** Every code, in the order of docs/errors.md. A test keeps the two lists equal. */
export const errorCodes = [
  'SHAPE_MISMATCH',
  'OUT_OF_RANGE',
  'UNKNOWN_NAME',
  'NOT_FINITE',
  'BACKEND_UNAVAILABLE',
  'OUT_OF_MEMORY',
  'FILE_FORMAT',
  'FILE_VERSION',
  'FILE_ACCESS',
  'DATA_FORMAT',
  'USAGE',
  'ABORTED',
  'INTERNAL',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** The facts of one failure. */
export interface ErrorFacts {
  /** Where it was noticed: a public name such as `LSTM.call` or `rondo train forecast`. */
  where: string;
  /** What is wrong, as one sentence. */
  what: string;
  expected?: string | undefined;
  received?: string | undefined;
  /** What the user can do about it. */
  fix?: string | undefined;
  /** The name of the option whose value is at fault, where it is one's; the command line then speaks of its flag. */
  option?: string | undefined;
  cause?: unknown | undefined;
}

/** An error with a code and the facts its message is written from. */
export class RondoError extends Error {
  readonly code: ErrorCode;
  readonly facts: Readonly<ErrorFacts>;

  constructor(code: ErrorCode, given: ErrorFacts) {
    const facts = { ...given, what: shortened(given.what) };
    for (const field of ['expected', 'received', 'fix'] as const)
      if (facts[field] !== undefined) facts[field] = shortened(facts[field]);
    super(messageOf(code, facts), facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = 'RondoError';
    this.code = code;
    this.facts = facts;
  }
}

/** Numbers of an array that a message shows, and the longest text of one fact. */
const SHOWN_NUMBERS = 6;
const LONGEST_FACT = 2000;

/** A number as arrays, nested arrays and typed arrays are written. */
const isNumber = /^(?:"\d+":)?(?:-?\d[\d.]*(?:e[+-]?\d+)?|NaN|null|-?Infinity)$/i;

/** A text that may hold the numbers of a whole array, with some of them: of more than ten in a row the first. */
function shortened(text: string): string {
  // Words at even places, what separates them at odd ones; the end of a text that is cut off anyway is not searched.
  const parts = text.slice(0, 20 * LONGEST_FACT).split(/([\s,[\]]+)/);
  let some = '';
  for (let at = 0, end = 0; at < parts.length; at = end) {
    while (end < parts.length && isNumber.test(parts[end])) end += 2;
    if (end === at) end += 2;
    const isLong = end - at > 2 * 10;
    some += parts.slice(at, isLong ? at + 2 * SHOWN_NUMBERS - 1 : end).join('');
    if (isLong) some += `, ...${parts[end - 1] ?? ''}`;
  }
  return some.length <= LONGEST_FACT ? some : `${some.slice(0, LONGEST_FACT)} ... (${text.length} characters)`;
}

function messageOf(code: ErrorCode, facts: ErrorFacts): string {
  const lines = [`[${code}] ${facts.where}: ${facts.what}`];
  for (const field of ['expected', 'received', 'fix'] as const) {
    const text = facts[field];
    if (text !== undefined) lines.push(`  ${field}: ${text}`);
  }
  return lines.join('\n');
}

/** Number of single-character edits between two words (Levenshtein 1966). */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(previous[j] + 1, current[j - 1] + 1, substitution));
    }
    previous = current;
  }
  return previous[b.length];
}

/** The known names nearest to `name`, best first; empty when none is close enough to be a slip. */
export function nearestNames(name: string, known: readonly string[], most = 3): string[] {
  const wanted = name.toLowerCase();
  return known
    .map((candidate) => ({ candidate, distance: editDistance(wanted, candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= Math.max(2, Math.floor(candidate.length / 3)))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, most)
    .map(({ candidate }) => candidate);
}

/**
 * The error for a name that is not in a list, suggesting the nearest ones.
 *
 * @param own what to do where it is the name of something of the user's own, as one sentence.
 */
export function unknownName(
  where: string,
  kind: string,
  name: string,
  known: readonly string[],
  own?: string,
): RondoError {
  const near = nearestNames(name, known);
  const quote = (names: readonly string[]): string => names.map((n) => `\`${n}\``).join(', ');
  return new RondoError('UNKNOWN_NAME', {
    where,
    what: `unknown ${kind} \`${name}\`${near.length > 0 ? `; did you mean ${quote(near)}?` : '.'}`,
    expected: `one of ${quote(known)}`,
    received: `\`${name}\``,
    fix:
      `${near.length > 0 ? `use ${quote(near.slice(0, 1))}.` : `choose one of the ${known.length} known names.`}` +
      (own === undefined ? '' : ` ${own}`),
  });
}

/** A value as messages name it: `4`, `"4" (a string)`, `4n (a bigint)`, `an array`, `a function`, `a Dense`. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return `${JSON.stringify(value.slice(0, 100))} (a string)`;
  if (typeof value === 'bigint') return `${String(value).slice(0, 40)}n (a bigint)`;
  if (typeof value === 'function') return value.name === '' ? 'a function' : `the function or class ${value.name}`;
  if (Array.isArray(value)) return 'an array';
  if (value === null || typeof value !== 'object') return String(value);
  const kind = (value as object).constructor?.name ?? 'Object';
  return kind === 'Object' ? 'an object' : `a ${kind}`;
}

/** Refuses option names that nobody reads, all at once. @throws UNKNOWN_NAME; USAGE where the options are no object */
export function refuseUnknownOptions(where: string, options: object, known: readonly string[]): void {
  const isRecord = options !== null && typeof options === 'object' && !Array.isArray(options);
  const isInstance = isRecord && ![Object.prototype, null].includes(Object.getPrototypeOf(options) as object | null);
  if (!isRecord || (isInstance && Object.keys(options).some((key) => !known.includes(key)))) {
    throw new RondoError('USAGE', {
      where,
      what: 'the options are not given as one object.',
      expected: known.length === 0 ? '{}' : `{ ${known.join(', ')} }, those that differ from their defaults`,
      received: describeValue(options),
      fix: `give options by name: { ${known[0] ?? 'name'}: ... }.`,
    });
  }
  const unknown = Object.keys(options).filter((key) => !known.includes(key));
  if (unknown.length === 0) return;
  if (unknown.length === 1) throw unknownName(where, 'option', unknown[0], known);
  throw new RondoError('UNKNOWN_NAME', {
    where,
    what: `unknown options ${unknown.map((name) => `\`${name}\``).join(', ')}.`,
    expected: `only ${known.map((name) => `\`${name}\``).join(', ')}`,
    fix: 'remove them, or correct their spelling.',
  });
}

/** Throws OUT_OF_RANGE unless `value` is a finite number that satisfies `holds`. */
export function requireNumber(
  where: string,
  name: string,
  value: number,
  expected: string,
  holds: (value: number) => boolean,
): void {
  if (typeof value === 'number' && Number.isFinite(value) && holds(value)) return;
  throw new RondoError('OUT_OF_RANGE', {
    where,
    what:
      `\`${name}\` is ` +
      `${value === undefined ? 'missing' : typeof value === 'number' ? 'out of range' : 'no number'}.`,
    expected,
    received: describeValue(value),
    fix: `give \`${name}\` ${expected}.`,
    option: name,
  });
}

/** Throws OUT_OF_RANGE unless `value` is a whole number of at least `least`. */
export function requireCount(where: string, name: string, value: number, least = 1): void {
  requireNumber(where, name, value, `a whole number of at least ${least}`, (v) => Number.isInteger(v) && v >= least);
}

/** Refuses what is of another kind than is taken. @throws USAGE */
export function requireKind(
  holds: unknown,
  received: unknown,
  facts: { where: string; what: string; fix: string },
): asserts holds {
  if (!holds) throw new RondoError('USAGE', { ...facts, received: describeValue(received) });
}

/** Refuses what is given and neither true nor false: a text such as 'false' would count as true. @throws USAGE */
export function requireBoolean(where: string, name: string, value: unknown): void {
  requireKind(value === undefined || typeof value === 'boolean', value, {
    where,
    what: `\`${name}\` is neither true nor false.`,
    fix: `write ${name}: true.`,
  });
}

/** Runs work that makes arrays whose sizes a user chose. @throws OUT_OF_MEMORY where the host cannot make one */
export function withinMemory<T>(where: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    // What engines say of arrays that are too long, and not of a stack that is too deep.
    if (
      !(error instanceof RangeError) ||
      !/array|alloc|memory|length|size/i.test(error.message) ||
      /stack/i.test(error.message)
    )
      throw error;
    throw new RondoError('OUT_OF_MEMORY', {
      where,
      what: 'an array would be larger than this host can make.',
      received: error.message,
      fix: 'use fewer units, a smaller batch, or fewer time steps.',
      cause: error,
    });
  }
}
