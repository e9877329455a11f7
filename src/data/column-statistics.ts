import { RondoError, requireCount } from '../errors.js';

export interface ColumnStatistics {
  mean: Float64Array;
  /** Population standard deviation: the squares are divided by the number of rows. Exactly 0 for a constant column. */
  deviation: Float64Array;
  min: Float64Array;
  max: Float64Array;
}

/** Throws SHAPE_MISMATCH unless the flat, row-major values are a whole number of rows. */
export function requireRows(where: string, values: ArrayLike<number>, columns: number): void {
  requireCount(where, 'columns', columns);
  if (values.length % columns === 0) return;
  throw new RondoError('SHAPE_MISMATCH', {
    where,
    what: '`values` is not a whole number of rows.',
    expected: `a multiple of ${columns} values, row by row`,
    received: `${values.length} values`,
    fix: 'give every row a value for each column, or correct `columns`.',
  });
}

/**
 * Mean, deviation and range of each column in float64, by Welford's updates, which lose nothing where the mean is
 * large beside the spread, and are exact for a constant (Welford 1962, "Note on a method for calculating corrected sums
 * of squares and products").
 *
 * @throws NOT_FINITE naming row and column.
 */
export function columnStatistics(where: string, values: ArrayLike<number>, columns: number): ColumnStatistics {
  requireRows(where, values, columns);
  const numRows = values.length / columns;
  if (numRows === 0) {
    throw new RondoError('SHAPE_MISMATCH', {
      where,
      what: '`values` is empty.',
      expected: 'at least one row',
      received: '0 values',
      fix: 'check that the data were read.',
    });
  }
  const mean = new Float64Array(columns);
  const squares = new Float64Array(columns);
  const min = new Float64Array(columns).fill(Infinity);
  const max = new Float64Array(columns).fill(-Infinity);
  for (let row = 0; row < numRows; row++) {
    for (let column = 0; column < columns; column++) {
      const value = values[row * columns + column];
      if (!Number.isFinite(value)) throw notFinite(where, row, column, value);
      const before = value - mean[column];
      mean[column] += before / (row + 1);
      squares[column] += before * (value - mean[column]);
      if (value < min[column]) min[column] = value;
      if (value > max[column]) max[column] = value;
    }
  }
  const deviation = squares.map((sum) => Math.sqrt(sum / numRows));
  for (let column = 0; column < columns; column++) {
    if (!Number.isFinite(deviation[column]) || !Number.isFinite(max[column] - min[column])) {
      throw new RondoError('NOT_FINITE', {
        where,
        what: `the spread of column ${column} is too large for float64.`,
        expected: 'values well below 1e150',
        received: `${min[column]} to ${max[column]}`,
        fix: 'use smaller units, or take logarithms.',
      });
    }
  }
  return { mean, deviation, min, max };
}

function notFinite(where: string, row: number, column: number, value: number): RondoError {
  return new RondoError('NOT_FINITE', {
    where,
    what: `the value in row ${row}, column ${column} (counted from 0) is not finite.`,
    expected: 'finite numbers',
    received: String(value),
    fix: 'fill or remove missing values first.',
  });
}
