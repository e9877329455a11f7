import type { Cell } from '../cells/cell.js';
import { RondoError } from '../errors.js';
import { isRestoring } from './restoring.js';

/** Refuses options that none of the cells has a use for, unless a stored layer is made. @throws USAGE */
export function refuseUnusedOptions(where: string, cells: readonly Cell[], options: object): void {
  if (isRestoring()) return;
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || cells.some((cell) => hasUseFor(cell, name))) continue;
    throw new RondoError('USAGE', {
      where,
      what: `\`${cells[0].name}\` has no use for \`${name}\`.`,
      fix: 'leave it out.',
      option: name,
    });
  }
}

/** What a cell reads follows from its equations. */
export function hasUseFor(cell: Cell, option: string): boolean {
  if (option === 'unitForgetBias') return cell.forgetGates.length > 0;
  if (option === 'recurrentRank') return cell.recurrent === 'full';
  if (/^recurrent[CIR]/.test(option)) return cell.recurrent === 'full' || Object.keys(cell.kernels).length > 0;
  return !/ctivation$/.test(option) || cell.equations().activations.has(option);
}
