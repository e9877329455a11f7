import { nearestNames, RondoError } from '../errors.js';
import { requireSearchSpace, type SearchDimension, type SearchSpace, type SearchValue } from './search-space.js';

const forms = 'NAME=VALUE,VALUE,... or NAME=LOW..HIGH, also with :log and :whole behind it';
const endings = ['log', 'whole'];

/**
 * A search space from texts: `units=64,128,256` (one of these), `dropout=0..0.5` (evenly spread),
 * `learning-rate=0.001..0.02:log` (evenly spread on a logarithmic scale), `layers=1..4:whole`.
 *
 * @throws USAGE for a text of another form, or a name given twice; OUT_OF_RANGE for impossible bounds
 */
export function parseSearch(specs: readonly string[], where = 'parseSearch'): SearchSpace {
  const space: Record<string, SearchDimension> = {};
  for (const spec of specs) {
    const at = spec.indexOf('=');
    const name = spec.slice(0, Math.max(0, at)).trim();
    if (name === '') throw misunderstood(where, spec, 'the name is missing');
    if (Object.hasOwn(space, name))
      throw new RondoError('USAGE', {
        where,
        what: `\`${name}\` is to be searched twice.`,
        received: spec,
        fix: 'put all its values into one.',
      });
    space[name] = dimensionOf(where, spec, spec.slice(at + 1).trim());
  }
  requireSearchSpace(where, space);
  return space;
}

function dimensionOf(where: string, spec: string, text: string): SearchDimension {
  if (!text.includes('..')) return { choices: choicesOf(where, spec, text) };
  const [bounds, ...given] = text.split(':').map((part) => part.trim());
  const unknown = given.find((ending) => !endings.includes(ending));
  if (unknown !== undefined) {
    const near = nearestNames(unknown, endings, 1);
    throw misunderstood(
      where,
      spec,
      `\`:${unknown}\` is not known${near.length > 0 ? `; did you mean \`:${near[0]}\`?` : ''}`,
    );
  }
  const [low, high, ...more] = bounds.split('..').map((bound) => (bound.trim() === '' ? NaN : Number(bound)));
  if (more.length > 0 || !Number.isFinite(low) || !Number.isFinite(high))
    throw misunderstood(where, spec, `\`${bounds}\` is not a number, two dots and a number`);
  return {
    low,
    high,
    ...(given.includes('log') && { scale: 'log' as const }),
    ...(given.includes('whole') && { whole: true }),
  };
}

function choicesOf(where: string, spec: string, text: string): SearchValue[] {
  const choices = text.split(',').map((choice) => choice.trim());
  if (choices.includes('')) throw misunderstood(where, spec, text === '' ? 'there are no values' : 'a value is empty');
  return choices.map((choice) => (String(Number(choice)) === choice ? Number(choice) : choice));
}

function misunderstood(where: string, spec: string, why: string): RondoError {
  return new RondoError('USAGE', {
    where,
    what: `the search \`${spec}\` cannot be understood: ${why}.`,
    expected: forms,
    received: spec,
    fix: 'write for example units=64,128 or learning-rate=0.001..0.02:log.',
  });
}
