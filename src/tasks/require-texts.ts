import { RondoError } from '../errors.js';

/** How a value that is no text reads in a message. */
function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return Array.isArray(value)
    ? `a list of ${value.length} items`
    : typeof value === 'object'
      ? 'an object'
      : `${typeof value} ${shown(String(value))}`;
}

/** A file's whole text may have come in the place of what was read from it. */
function shown(text: string): string {
  const longest = 60;
  return text.length <= longest ? text : `${text.slice(0, longest)} ... (${text.length} characters)`;
}

/** A value that is not what a task is made for. @param example of what to give */
export function wrongData(where: string, expected: string, value: unknown, example: string): RondoError {
  return new RondoError('USAGE', {
    where,
    what: 'this is not what it is made for.',
    expected,
    received: kindOf(value),
    fix: `give ${example}.`,
  });
}

/** @throws USAGE for what is no list; DATA_FORMAT naming the first item that is no text */
export function requireTexts(where: string, value: unknown, example: string): asserts value is readonly string[] {
  if (!Array.isArray(value)) throw wrongData(where, 'a list of texts', value, example);
  const wrong = value.findIndex((item) => typeof item !== 'string');
  if (wrong < 0) return;
  throw new RondoError('DATA_FORMAT', {
    where,
    what: `item ${wrong + 1} is no text.`,
    expected: 'texts alone',
    received: kindOf(value[wrong]),
    fix: 'leave it out, or give a text in its place.',
  });
}

/** @throws USAGE for what is no object with these fields */
export function requireFields(where: string, value: unknown, fields: readonly string[], example: string): void {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (isObject && fields.every((name) => (value as Readonly<Record<string, unknown>>)[name] !== undefined)) return;
  const given = isObject ? `an object with ${Object.keys(value).join(', ') || 'nothing'}` : undefined;
  if (given === undefined) throw wrongData(where, `an object with ${fields.join(' and ')}`, value, example);
  throw new RondoError('USAGE', {
    where,
    what: `${fields.map((name) => `\`${name}\``).join(' or ')} is missing.`,
    expected: `an object with ${fields.join(' and ')}`,
    received: given,
    fix: `give ${example}.`,
  });
}
