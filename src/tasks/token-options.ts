import { RondoError } from '../errors.js';
import { givenOptions } from '../resolved.js';

/**
 * Options that say what a token is, where something else has decided that.
 *
 * @param decider what has, such as `teacher`.
 * @throws USAGE naming them
 */
export function refuseTokenOptions(where: string, decider: string, options: object): void {
  const given = Object.entries(givenOptions(options));
  if (given.length === 0) return;
  throw new RondoError('USAGE', {
    where,
    what: `the ${decider} decides what a token is.`,
    expected: `no ${given.map(([name]) => `\`${name}\``).join(', ')}`,
    received: given.map((words) => words.join(' ')).join(', '),
    fix: `leave them out, or give no ${decider.split(' ').at(-1)}.`,
  });
}
