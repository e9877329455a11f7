import {
  type Cell,
  cellNamed,
  type LongMemoryProblem,
  type LongMemoryProblemName,
  libraryCells,
  longMemoryProblem,
  longMemoryProblems,
  unknownName,
} from '../../src/index.js';
import { WrongUsage } from '../wrong-usage.js';

/** Everything that the result of a run follows from. */
export interface RunSettings {
  readonly problem: LongMemoryProblemName;
  readonly length: number;
  /** Its name, with {@link attentionEnding} behind it where the net attends. */
  readonly cell: string;
  readonly units: number;
  readonly layers: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly clipNorm: number;
  /** Steps after which it ends unsolved. */
  readonly maxSteps: number;
  readonly seed: number;
  /** What computes: its numbers differ in their last bits, and so may the steps. */
  readonly backend: string;
  readonly blas: boolean;
}

/** What is asked for; undefined is left to the problem or to the defaults. */
export interface ComparisonOptions {
  readonly cells?: string | undefined;
  readonly lengths?: string | undefined;
  readonly units?: number | undefined;
  readonly layers?: number | undefined;
  readonly 'batch-size'?: number | undefined;
  readonly 'learning-rate'?: number | undefined;
  readonly 'clip-norm'?: number | undefined;
  readonly steps?: number | undefined;
  readonly seed?: number | undefined;
  readonly backend?: string | undefined;
  readonly blas?: boolean | undefined;
}

const attentionEnding = '+attention';

/** Cells that are compared where none are named: one of each family. */
export const defaultCells = ['lstm', 'gru', 'minGRU', 'simple'];

export const defaults = { units: 64, layers: 1, 'batch-size': 32, 'learning-rate': 0.005, 'clip-norm': 1 } as const;

/**
 * The runs of a table, length by length, the short ones first.
 *
 * @throws WrongUsage for problems, cells and lengths that there are not, or that are named twice; OUT_OF_RANGE
 */
export function runsOf(where: string, names: readonly string[], options: ComparisonOptions): RunSettings[] {
  const known = Object.keys(longMemoryProblems);
  const problems = distinct(where, 'problem', names).map((name) => {
    if (!known.includes(name)) throw unknown(where, 'problem', name, known);
    return name as LongMemoryProblemName;
  });
  const cells = cellsOf(where, options.cells);
  const given = options.lengths === undefined ? undefined : lengthsOf(where, options.lengths);
  const net = { ...defaults, ...defined(options) };
  return problems.flatMap((problem) => {
    const kind = longMemoryProblems[problem];
    const lengths: readonly number[] = given ?? kind.lengths;
    const short = lengths.find((length) => length < kind.leastLength);
    if (short !== undefined)
      throw new WrongUsage({
        where,
        what: `\`${problem}\` has no room in ${short} steps.`,
        expected: `--lengths from ${kind.leastLength} up`,
        received: String(short),
        fix: 'leave that length out.',
      });
    return lengths.flatMap((length) =>
      cells.map((cell) => ({
        problem,
        length,
        cell,
        units: net.units,
        layers: net.layers,
        batchSize: net['batch-size'],
        learningRate: net['learning-rate'],
        clipNorm: net['clip-norm'],
        maxSteps: options.steps ?? kind.steps,
        seed: options.seed ?? 0,
        backend: options.backend ?? 'wasm',
        blas: options.blas ?? false,
      })),
    );
  });
}

/** The problem of a run, and what is trained on it. */
export function partsOf({ problem, length, cell }: RunSettings): {
  readonly problem: LongMemoryProblem;
  readonly cell: Cell;
  readonly attention: boolean;
} {
  const attention = cell.endsWith(attentionEnding);
  const name: string = attention ? cell.slice(0, -attentionEnding.length) : cell;
  return { problem: longMemoryProblem(problem, length), cell: cellNamed(name), attention };
}

function cellsOf(where: string, text: string | undefined): readonly string[] {
  if (text === undefined) return defaultCells;
  const known = libraryCells.map(({ name }) => name);
  const attending = known.map((name) => name + attentionEnding);
  const lists: Record<string, readonly string[]> = { all: known, [`all${attentionEnding}`]: attending };
  const all = listed(text).flatMap((name) => lists[name] ?? [name]);
  const names = [...known, ...attending];
  for (const name of all)
    if (!names.includes(name)) throw unknown(where, 'cell', name, name.includes('+') ? attending : known);
  return distinct(where, 'cell', all);
}

function lengthsOf(where: string, text: string): readonly number[] {
  const lengths = distinct(where, 'length', listed(text)).map(Number);
  const isLength = (value: number): boolean => Number.isSafeInteger(value) && value >= 1 && value <= longest;
  if (lengths.every(isLength)) return lengths;
  throw new WrongUsage({
    where,
    what: '--lengths is no list of lengths.',
    expected: `whole numbers from 1 to ${longest}, with commas between them`,
    received: text,
    fix: 'write for example --lengths 50,100.',
  });
}

/** Sequences that are longer would not fit into memory. */
const longest = 100_000;

function listed(text: string): string[] {
  return text.split(',').map((item) => item.trim());
}

function distinct<T>(where: string, noun: string, items: readonly T[]): readonly T[] {
  const twice = items.find((item, i) => items.indexOf(item) < i);
  if (twice === undefined) return items;
  throw new WrongUsage({
    where,
    what: `the ${noun} ${twice} is given twice.`,
    expected: `each ${noun} once`,
    received: items.join(', '),
    fix: 'leave one out.',
  });
}

function unknown(where: string, kind: string, name: string, known: readonly string[]): WrongUsage {
  return new WrongUsage(unknownName(where, kind, name, known).facts);
}

/** The options that were given. */
function defined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}
