import { requireCount, unknownName } from '../errors.js';
import { adding } from './adding.js';
import { associativeRecall } from './associative-recall.js';
import { copyMemory } from './copy-memory.js';
import { parity } from './parity.js';
import type { LongMemoryProblem } from './problem.js';
import { reversing, sorting } from './rearranging.js';
import { temporalOrder } from './temporal-order.js';

/** A problem at any length, and what of it is trained where nothing else is said. */
export interface ProblemKind {
  readonly about: string;
  /** @throws OUT_OF_RANGE for a length without room for the problem */
  at(length: number, where?: string): LongMemoryProblem;
  /** The shortest that has room for what is to be remembered. */
  readonly leastLength: number;
  /** Lengths that a small net learns in minutes. */
  readonly lengths: readonly number[];
  /** Steps after which a run ends unsolved. */
  readonly steps: number;
}

const kinds = {
  adding: {
    about: 'add the two marked numbers of T',
    at: adding,
    leastLength: 2,
    lengths: [50, 100],
    steps: 3000,
  },
  copy: {
    about: 'say ten symbols again after T steps',
    at: copyMemory,
    leastLength: 1,
    lengths: [10, 30],
    steps: 5000,
  },
  parity: {
    about: 'whether an odd number of ones was seen, at each of T steps',
    at: parity,
    leastLength: 1,
    lengths: [10, 30],
    steps: 3000,
  },
  sort: {
    about: 'say T symbols in order',
    at: sorting,
    leastLength: 1,
    lengths: [5, 10],
    steps: 3000,
  },
  reverse: {
    about: 'say T symbols from the last to the first',
    at: reversing,
    leastLength: 1,
    lengths: [5, 10],
    steps: 3000,
  },
  recall: {
    about: 'the value of a key, of four pairs, after T steps',
    at: associativeRecall,
    leastLength: 1,
    lengths: [5, 20],
    steps: 5000,
  },
  order: {
    about: 'the order of two symbols among T',
    at: temporalOrder,
    leastLength: 10,
    lengths: [50, 100],
    steps: 3000,
  },
} as const satisfies Readonly<Record<string, ProblemKind>>;

export type LongMemoryProblemName = keyof typeof kinds;

/** Every problem of long memory by name. */
export const longMemoryProblems = Object.fromEntries(
  Object.entries(kinds).map(([name, kind]): [string, ProblemKind] => [
    name,
    {
      ...kind,
      at(length, where = `longMemoryProblems.${name}.at`) {
        requireCount(where, 'length', length, kind.leastLength);
        return kind.at(length);
      },
    },
  ]),
) as Readonly<Record<LongMemoryProblemName, ProblemKind>>;

/**
 * The kind of a problem. @throws UNKNOWN_NAME with the nearest names
 */
export function longMemoryProblemNamed(name: string, where = 'longMemoryProblem'): ProblemKind {
  if (Object.hasOwn(longMemoryProblems, name)) return longMemoryProblems[name as LongMemoryProblemName];
  throw unknownName(where, 'problem', name, Object.keys(longMemoryProblems));
}

/**
 * A problem of a name at a length.
 *
 * @example
 * const problem = longMemoryProblem('adding', 200);
 * const { x, y } = problem.batch(new Random(1), 32);
 *
 * @throws UNKNOWN_NAME; OUT_OF_RANGE for a length without room for the problem
 */
export function longMemoryProblem(
  name: LongMemoryProblemName,
  length: number,
  where = 'longMemoryProblem',
): LongMemoryProblem {
  return longMemoryProblemNamed(name, where).at(length, where);
}
