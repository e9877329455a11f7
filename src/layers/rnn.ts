import type { Cell } from '../cells/cell.js';
import { ownEquations, requireEquations, requireOwnName } from '../cells/identity.js';
import { cellNamed, requireCells } from '../cells/registry.js';
import type { Json } from './layer.js';
import { RecurrentLayer } from './recurrent-layer.js';
import { type RecurrentOptions, withCell } from './recurrent-options.js';

export type CellLike = Cell | string;

export interface RNNOptions extends RecurrentOptions {
  /** A cell, its name, or a list of them, run one above the other. */
  cell: CellLike | readonly CellLike[];
  /** @internal In files: fingerprints of the cells that are the user's own, by name. */
  cellEquations?: Readonly<Record<string, string>> | undefined;
}

/**
 * Runs any cell, or several above each other, along time. See {@link RecurrentLayer} for shapes and masks. The layers
 * of one cell, such as LSTM, do without it, so that a page that has them carries no other cell.
 *
 * @throws SHAPE_MISMATCH, OUT_OF_RANGE, UNKNOWN_NAME before anything is computed.
 */
export class RNN<ReturnState extends boolean = false> extends RecurrentLayer<ReturnState> {
  override readonly className: string = 'RNN';

  constructor(options: RNNOptions & { returnState?: ReturnState | undefined }) {
    super(
      withCell('RNN', options, ({ cell, cellEquations }) => cellsOf(cell, cellEquations)),
      'RNN',
      ['cell', 'cellEquations'],
    );
  }

  override getConfig(): Record<string, Json | undefined> {
    const { cellEquations: _stored, ...config } = super.getConfig();
    const names = this.cells.map(({ name }) => name);
    const cellEquations = ownEquations(this.cells);
    return { ...config, cell: names.length === 1 ? names[0] : names, ...(cellEquations && { cellEquations }) };
  }
}

function cellsOf(given: RNNOptions['cell'], stored: RNNOptions['cellEquations']): Cell[] {
  const listed = Array.isArray(given) ? (given as readonly CellLike[]) : [given as CellLike];
  const cells = listed.map((cell) => (typeof cell === 'string' ? cellNamed(cell, 'RNN') : cell));
  requireCells('RNN', cells);
  for (const cell of cells) requireOwnName('RNN', cell);
  requireEquations('RNN', cells, stored);
  return cells;
}
