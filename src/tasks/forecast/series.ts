import { fingerprintOf } from '../fingerprint.js';

/** One series of a table: its columns at steps of time that follow each other. */
export interface Series {
  /** Its value in the column of series; '' where the table is one series. */
  readonly name: string;
  readonly numRows: number;
  /**
   * `[rows, columns]`, the target first; where a cell is missing it holds the fill. Rows in order of time, one a step.
   */
  readonly values: Float64Array;
  /** `[rows, columns]`, 1 where the file has the value, 0 where it was filled. */
  readonly isReal: Uint8Array;
  /** Milliseconds since 1970 of each row; undefined without a time column. */
  readonly times: Float64Array | undefined;
}

/** One column of a series as numbers, `[rows]`; a copy. */
export function columnOf({ values, numRows }: Series, column: number): Float64Array {
  const width = values.length / numRows;
  const result = new Float64Array(numRows);
  for (let row = 0; row < numRows; row++) result[row] = values[row * width + column];
  return result;
}

/** Whether the target of each row stands in the file, `[rows]`; a copy. */
export function realTargets({ isReal, numRows }: Series): Uint8Array {
  const width = isReal.length / numRows;
  const result = new Uint8Array(numRows);
  for (let row = 0; row < numRows; row++) result[row] = isReal[row * width];
  return result;
}

/** Of the target's values in the first rows, to know a series again. */
export function fingerprintOfRows(series: Series, numRows: number): number {
  return fingerprintOf(columnOf(series, 0).subarray(0, numRows));
}
