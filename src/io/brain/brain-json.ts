import { isObject } from '../../data/saved-fields.js';
import { describeValue } from '../../errors.js';
import { damagedFile } from '../file-fault.js';

/** An object of a file. */
export type JsonRecord = Readonly<Record<string, unknown>>;

/** A matrix of a brain.js file, row by row. */
export interface BrainMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
}

/** @throws FILE_FORMAT for what is no object */
export function recordAt(value: unknown, path: string, where: string): JsonRecord {
  if (isObject(value)) return value;
  throw fault(where, path, 'an object', value);
}

/** @throws FILE_FORMAT for what is no list, or is empty */
export function listAt(value: unknown, path: string, where: string): readonly unknown[] {
  if (Array.isArray(value) && value.length > 0) return value;
  throw fault(where, path, 'a list with entries', value);
}

/** @throws FILE_FORMAT unless it is a whole number between two */
export function countAt(value: unknown, path: string, where: string, least: number, most: number): number {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return value as number;
  throw fault(where, path, `a whole number from ${least} to ${most}`, value);
}

/** Finite numbers. @param count how many there must be. @throws FILE_FORMAT */
export function numbersAt(value: unknown, path: string, where: string, count: number): Float32Array {
  const list = listAt(value, path, where);
  if (list.length !== count) throw fault(where, path, `${count} numbers`, `${list.length} values`);
  const odd = list.findIndex((number) => typeof number !== 'number' || !Number.isFinite(Math.fround(number)));
  if (odd >= 0) throw fault(where, `${path}[${odd}]`, 'a finite number', list[odd]);
  return Float32Array.from(list as number[]);
}

/**
 * A matrix with as many values as its sizes say. @param shape what its rows and columns must be; undefined where any may stand.
 * @throws FILE_FORMAT
 */
export function matrixAt(
  value: unknown,
  path: string,
  where: string,
  shape: readonly [rows?: number | undefined, columns?: number | undefined] = [],
): BrainMatrix {
  const matrix = recordAt(value, path, where);
  const weights = listAt(matrix.weights, `${path}.weights`, where);
  const [rows, columns] = (['rows', 'columns'] as const).map((axis, i) =>
    countAt(matrix[axis], `${path}.${axis}`, where, shape[i] ?? 1, shape[i] ?? weights.length),
  );
  return { rows, columns, values: numbersAt(weights, `${path}.weights`, where, rows * columns) };
}

function fault(where: string, path: string, expected: string, received: unknown): Error {
  return damagedFile({
    where,
    what: `the net's \`${path}\` is not what brain.js writes.`,
    expected,
    received: typeof received === 'string' ? received : describeValue(received),
    fix: 'give what JSON.stringify(net.toJSON()) wrote with brain.js 2.0.0-beta.',
  });
}
