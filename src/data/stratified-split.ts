import { RondoError, requireNumber } from '../errors.js';
import { Random } from '../random.js';
import type { Split } from './split.js';

export interface StratifiedShares {
  /** Share of the items to choose and calibrate by, from 0 to below 1. */
  readonly validation: number;
  /** Share of the items that is held out. */
  readonly test: number;
}

/**
 * Cuts labelled texts into parts in which every class has its share; the same seed gives the same parts, and the test
 * part does not change with the validation share. Equal texts stay together, so that nothing is tested that was learned
 * by heart. Each class keeps at least one text to train on, if need be at the cost of the other parts.
 *
 * @throws OUT_OF_RANGE for impossible shares, or where a part that is asked for would be empty.
 */
export function splitStratified(
  texts: readonly string[],
  labels: readonly string[],
  shares: StratifiedShares,
  seed: number,
): Split {
  const where = 'splitStratified';
  for (const name of ['validation', 'test'] as const)
    requireNumber(where, name, shares[name], 'a number from 0 to below 1', (share) => share >= 0 && share < 1);
  if (shares.validation + shares.test >= 1)
    throw new RondoError('OUT_OF_RANGE', {
      where,
      what: '`validation` and `test` leave nothing to train on.',
      expected: 'shares that are together below 1',
      received: `${shares.validation} and ${shares.test}`,
      fix: 'give a smaller `validation` or `test`.',
    });
  const random = new Random(seed, 'stratified split');
  const parts: Record<keyof Split, number[]> = { train: [], validation: [], test: [] };
  const wanted = { test: 0, validation: 0 };
  for (const groups of groupsByLabel(texts, labels)) {
    random.shuffle(groups);
    const size = groups.reduce((sum, group) => sum + group.length, 0);
    let next = 0;
    for (const part of ['test', 'validation'] as const) {
      // The shares of all classes so far are rounded together, so that small classes do not vanish from the parts.
      wanted[part] += shares[part] * size;
      while (next < groups.length - 1 && parts[part].length + groups[next].length / 2 < wanted[part] + 1e-9)
        for (const i of groups[next++]) parts[part].push(i);
    }
    for (const group of groups.slice(next)) for (const i of group) parts.train.push(i);
  }
  keepEveryClass(parts, texts, labels);
  for (const part of ['validation', 'test'] as const) {
    if (shares[part] === 0 || parts[part].length > 0) continue;
    throw new RondoError('OUT_OF_RANGE', {
      where,
      what: `the ${part} part would be empty.`,
      expected: 'enough texts of each class for every part',
      received:
        `${shares[part]} of ${texts.length} texts, ${new Set(texts).size} of them different, of ` +
        `${new Set(labels).size} classes`,
      fix:
        `give more texts of a class, or a larger share of ${part}; where there are nearly as many classes as ` +
        'texts, check the column of labels.',
    });
  }
  const sorted = (part: keyof Split): Int32Array => Int32Array.from(parts[part]).sort();
  return { train: sorted('train'), validation: sorted('validation'), test: sorted('test') };
}

/**
 * A class whose texts all go with those of other classes has none to train on yet: the first of them moves, with its
 * equals.
 */
function keepEveryClass(
  parts: Record<keyof Split, number[]>,
  texts: readonly string[],
  labels: readonly string[],
): void {
  const learned = new Set(parts.train.map((i) => labels[i]));
  for (const part of ['validation', 'test'] as const) {
    for (const i of [...parts[part]]) {
      if (learned.has(labels[i])) continue;
      const moved = parts[part].filter((other) => texts[other] === texts[i]);
      parts[part] = parts[part].filter((other) => texts[other] !== texts[i]);
      for (const other of moved) {
        parts.train.push(other);
        learned.add(labels[other]);
      }
    }
  }
}

/**
 * By label in the order of its code units: the positions of equal texts together. A text with several labels goes with
 * its first.
 */
function groupsByLabel(texts: readonly string[], labels: readonly string[]): number[][][] {
  const groups = new Map<string, number[]>();
  texts.forEach((text, i) => {
    const found = groups.get(text);
    if (found === undefined) groups.set(text, [i]);
    else found.push(i);
  });
  const byLabel = new Map<string, number[][]>();
  for (const group of groups.values()) {
    const label = labels[group[0]];
    const own = byLabel.get(label);
    if (own === undefined) byLabel.set(label, [group]);
    else own.push(group);
  }
  return [...byLabel].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, own]) => own);
}
