import type { Cell } from '../cells/cell.js';
import { kernelWeight } from '../cells/define-cell.js';
import { lowRank, rankWidth } from '../cells/low-rank.js';
import { requireUntaken } from '../cells/untaken-names.js';
import { type Widths, widthNamed } from '../cells/widths.js';
import { RondoError, requireNumber } from '../errors.js';
import type { RecurrentOptions } from './recurrent-options.js';

/** The name of the weight that the input goes through where its kernel has a low rank. */
export const inputProjection = kernelWeight('inputProjection');

/** Of a kernel of so many rows and columns. @throws OUT_OF_RANGE */
export function requireRank(where: string, name: string, rank: number, [rows, columns]: readonly number[]): void {
  const most = Math.min(rows, columns);
  const expected = most < Infinity ? `a whole number from 1 to ${most}` : 'a whole number of at least 1';
  requireNumber(where, name, rank, expected, (v) => Number.isInteger(v) && v >= 1 && v <= most);
}

/** As far as the number of features does not matter. @throws OUT_OF_RANGE, USAGE */
export function requireKernelRank(where: string, cell: Cell, columns: number, rank: number): void {
  requireUntaken(`cell ${cell.name}, with kernelRank`, [
    ['kernel', Object.keys(cell.kernels).map(kernelWeight), [inputProjection]],
    ['vector', Object.keys(cell.vectors), [inputProjection]],
  ]);
  requireRank(where, 'kernelRank', rank, [Infinity, columns]);
}

/** The cell with recurrent products of the rank that options ask for, and its widths. @throws OUT_OF_RANGE, USAGE */
export function withRecurrentRank(
  where: string,
  cell: Cell,
  units: number,
  widths: Widths,
  { recurrentRank, heads = 1 }: RecurrentOptions,
): [cell: Cell, widths: Widths] {
  if (recurrentRank === undefined) return [cell, widths];
  const refused = (what: string, fix: string): RondoError =>
    new RondoError('USAGE', { where, what, received: `recurrentRank ${recurrentRank}`, fix, option: 'recurrentRank' });
  if (cell.recurrent === 'none')
    throw refused(
      `\`${cell.name}\` has no recurrent product that could have a low rank.`,
      'use kernelRank; in a list of cells, give `recurrentRank` to those that have such products.',
    );
  if (heads > 1)
    throw refused(
      'a recurrent kernel of several heads has no low rank.',
      'leave `heads` or `recurrentRank` out: both make the kernel smaller.',
    );
  const rows = widthNamed({ units, widths }, cell.recurrentWidth);
  requireRank(where, 'recurrentRank', recurrentRank, [rows, cell.gates.length * units]);
  return [lowRank(cell), { ...widths, [rankWidth]: recurrentRank }];
}
