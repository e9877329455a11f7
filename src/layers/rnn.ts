import type { Cell } from '../cells/cell.js';
import { ownEquations, requireEquations, requireOwnName } from '../cells/identity.js';
import { type CellName, type CellOf, cellNamed, requireCells } from '../cells/registry.js';
import { refuseUnknownOptions } from '../errors.js';
import { givenOptions } from '../resolved.js';
import type { Json } from './layer.js';
import { plainOptions } from './plain-options.js';
import { type CellOptions, type CellsOptions, type NamedStates, RecurrentLayer } from './recurrent-layer.js';
import { cellOptionNames, type RecurrentOptions, withCell } from './recurrent-options.js';
import { refuseUnusedOptions } from './unused-options.js';

/** A cell, or the name of one; a name that is any text goes through {@link cellNamed}. */
export type CellLike = Cell | CellName;

/** A cell of several, with options of its own in place of the layer's: its units, activation, dropout, ... */
export interface CellWithOptions
  extends Pick<Partial<RecurrentOptions>, Exclude<(typeof cellOptionNames)[number], 'units'>> {
  cell: CellLike;
  units?: number | undefined;
}

/** What an RNN may run: one cell, or several above each other. */
export type CellChoice = CellLike | readonly (CellLike | CellWithOptions)[];

/** The names of the states of a chosen cell, where types know them and they are those of every possible one. */
export type StateOf<Choice extends CellChoice> = [KeyOfAny<StatesByName<Choice>>] extends [
  infer Names extends keyof StatesByName<Choice> & string,
]
  ? Names
  : string;

type KeyOfAny<Given> = Given extends unknown ? keyof Given : never;

type StatesByName<Choice> = StatesOfCell<Choice extends CellName ? CellOf<Choice> : Choice>;

type StatesOfCell<Chosen> =
  Chosen extends Cell<string, infer State> ? NamedStates<unknown, State> : NamedStates<unknown>;

export interface RNNOptions<Choice extends CellChoice = CellChoice>
  extends Omit<RecurrentOptions<StateOf<Choice>>, 'units'> {
  /**
   * A cell, its name, or a list of them, run one above the other as Keras's `StackedRNNCells`; one of a list may have
   * options of its own: `[{ cell: 'lstmp', units: 8, widths: { projection: 3 } }, { cell: 'gru', units: 5 }]`.
   */
  cell: Choice;
  /** Width of the state, and of the output; a list gives each cell of a list its own. Needed unless each cell has its own. */
  units?: number | readonly number[] | undefined;
  /** @internal In files: fingerprints of the cells that are the user's own, by name. */
  cellEquations?: Readonly<Record<string, string>> | undefined;
}

/**
 * Runs any cell, or several above each other, along time. See {@link RecurrentLayer} for shapes and masks. The layers
 * of one cell, such as LSTM, do without it, so that a page that has them carries no other cell.
 *
 * @throws SHAPE_MISMATCH, OUT_OF_RANGE, UNKNOWN_NAME before anything is computed.
 */
export class RNN<ReturnState extends boolean = false, Choice extends CellChoice = CellChoice> extends RecurrentLayer<
  ReturnState,
  StateOf<Choice>
> {
  override readonly className: string = 'RNN';

  constructor(options: RNNOptions<Choice> & { returnState?: ReturnState | undefined }) {
    super(
      withCell(
        'RNN',
        options,
        ({ cell, cellEquations }) => cellsOf('RNN', cell, cellEquations),
        true,
      ) as object as CellsOptions & typeof options,
      'RNN',
      ['cell', 'cellEquations'],
    );
  }

  override getConfig(): Record<string, Json | undefined> {
    const { cellEquations: _stored, ...config } = super.getConfig();
    const listed = [this.options.cell].flat() as readonly (Cell | CellOptions)[];
    const cells = listed.map((member) =>
      'cell' in member ? { ...plainOptions(member), cell: member.cell.name } : member.name,
    );
    const cellEquations = ownEquations(this.cells);
    return { ...config, cell: cells.length === 1 ? cells[0] : cells, ...(cellEquations && { cellEquations }) };
  }
}

/** @internal The cells that are named or given, and their own options. @throws USAGE, UNKNOWN_NAME, FILE_FORMAT */
export function cellsOf(
  where: string,
  given: RNNOptions['cell'],
  stored: RNNOptions['cellEquations'],
): (Cell | CellOptions)[] {
  const members = [given].flat().map((member: CellLike | CellWithOptions) => {
    const hasOwn = Object(member) === member && 'cell' in (member as object);
    const { cell, ...own } = hasOwn ? (member as CellWithOptions) : { cell: member as CellLike };
    refuseUnknownOptions(`${where}.cell`, own, cellOptionNames);
    return { cell: typeof cell === 'string' ? cellNamed(cell, where) : cell, own, hasOwn };
  });
  const cells = members.map(({ cell }) => cell);
  requireCells(where, cells);
  for (const { cell, own } of members) {
    requireOwnName(where, cell);
    refuseUnusedOptions(where, [cell], own);
  }
  requireEquations(where, cells, stored);
  return members.map(({ cell, own, hasOwn }) => (hasOwn ? { ...givenOptions(own), cell } : cell));
}
