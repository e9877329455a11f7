import { RondoError } from '../errors.js';

/** Names of one kind that a rewriting of a cell adds, beside those the cell has. */
export type AddedNames = readonly [kind: string, own: readonly string[], added: readonly string[]];

/** @throws USAGE where a cell uses a name itself that is added to it */
export function requireUntaken(where: string, names: readonly AddedNames[]): void {
  for (const [kind, own, added] of names) {
    const taken = own.find((name) => added.includes(name));
    if (taken === undefined) continue;
    throw new RondoError('USAGE', {
      where,
      what: `the cell has a ${kind} \`${taken}\` of its own.`,
      fix: 'give it another name.',
    });
  }
}
