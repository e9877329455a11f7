import { type ErrorFacts, RondoError } from '../src/index.js';

/** A command line that cannot be understood; the process exits with 2. */
export class WrongUsage extends RondoError {
  constructor(facts: ErrorFacts) {
    super('USAGE', facts);
  }
}

/** Two options of which one excludes the other. */
export function notTogether(where: string, [one, other]: readonly [string, string], fix: string): WrongUsage {
  return new WrongUsage({
    where,
    what: `${one} and ${other} cannot be given together.`,
    expected: 'one of them',
    received: `${one} ${other}`,
    fix,
  });
}

/** Checks how many words stand beside the options. @throws WrongUsage */
export function requirePositionals(
  command: { readonly name: string; readonly usage: string },
  positionals: readonly string[],
  least: number,
  most = least,
): void {
  if (positionals.length >= least && positionals.length <= most) return;
  const expected = `rondo ${command.name} ${command.usage}`;
  throw new WrongUsage({
    where: `rondo ${command.name}`,
    what: positionals.length < least ? 'something is missing.' : 'there is more than the command takes.',
    expected,
    received: positionals.length === 0 ? 'nothing besides options' : positionals.join(' '),
    fix: `see rondo ${command.name} --help.`,
  });
}
