import type { Cell } from '../../src/cells/cell.js';
import { unitsWidth } from '../../src/cells/widths.js';

/** A width of a cell by its name, where a layer has so many units and says nothing of other widths. */
export function usualWidth(cell: Cell, name: string, units: number): number {
  return name === unitsWidth ? units : cell.widths[name](units);
}

/** The width of a state, likewise. */
export function stateWidth(cell: Cell, state: string, units: number): number {
  return usualWidth(cell, cell.stateWidths[state], units);
}
