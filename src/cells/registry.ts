import { RondoError, requireKind, unknownName } from '../errors.js';
import type { Cell } from './cell.js';
import { coupledLSTM } from './coupled-lstm.js';
import { fastGRNN } from './fast-grnn.js';
import { gru } from './gru.js';
import { gruResetBefore } from './gru-reset-before.js';
import { indRNN } from './ind-rnn.js';
import { indyLSTM } from './indy-lstm.js';
import { janet } from './janet.js';
import { layerNormGRU } from './layer-norm-gru.js';
import { layerNormLSTM } from './layer-norm-lstm.js';
import { liGRU } from './li-gru.js';
import { lstm } from './lstm.js';
import { lstm1997 } from './lstm1997.js';
import { lstmp } from './lstmp.js';
import { mgu } from './mgu.js';
import { minGRU } from './min-gru.js';
import { minLSTM } from './min-lstm.js';
import { mogrifierLSTM } from './mogrifier-lstm.js';
import { multiplicativeLSTM } from './multiplicative-lstm.js';
import { peepholeLSTM } from './peephole-lstm.js';
import { qrnn } from './qrnn.js';
import { rgLRU } from './rg-lru.js';
import { sLSTM } from './s-lstm.js';
import { simple } from './simple.js';
import { sru } from './sru.js';

const everyCell = [
  simple,
  lstm,
  lstmp,
  peepholeLSTM,
  lstm1997,
  coupledLSTM,
  indyLSTM,
  janet,
  layerNormLSTM,
  multiplicativeLSTM,
  mogrifierLSTM,
  sLSTM,
  gru,
  gruResetBefore,
  layerNormGRU,
  mgu,
  liGRU,
  fastGRNN,
  minGRU,
  minLSTM,
  sru,
  indRNN,
  qrnn,
  rgLRU,
] as const satisfies readonly Cell[];

type LibraryCell = (typeof everyCell)[number];

/** Every cell of the library; tests, benchmarks and the command line go through this list. */
export const libraryCells: readonly Cell<string, string, string, LibraryCell['name']>[] & {
  /** Of any cell, those of programs too. */
  includes(cell: Cell): boolean;
} = everyCell;

/**
 * Cells that a program registers with {@link registerCell}, by name, so that their names can be written.
 *
 * @example
 * declare module 'rondo' {
 *   interface RegisteredCells {
 *     plain: typeof plain;
 *   }
 * }
 */
// biome-ignore lint/suspicious/noEmptyInterface: programs add to it.
export interface RegisteredCells {}

/** A name that there is. */
export type CellName = LibraryCell['name'] | Extract<keyof RegisteredCells, string>;

/** The cell of a name, as far as types know it. */
export type CellOf<Name extends string> = Name extends LibraryCell['name']
  ? Extract<LibraryCell, { readonly name: Name }>
  : Name extends keyof RegisteredCells
    ? RegisteredCells[Name] extends infer Own extends Cell
      ? Own
      : Cell
    : Cell<string, string, string, CellName>;

/** Whether a cell is one of the library, and not only called so. */
export function isLibraryCell(cell: Cell): boolean {
  return libraryCells.some((own) => own === cell);
}

const cells = new Map<string, Cell>(libraryCells.map((cell) => [cell.name, cell]));

/** @throws USAGE for what `defineCell` did not make */
export function requireCells(where: string, cells: readonly unknown[]): void {
  requireKind(cells.length > 0 && cells.every((cell) => (cell as Cell | null)?.equations), cells, {
    where,
    what: 'this is no cell.',
    fix: 'give what defineCell gave.',
  });
}

/**
 * Makes a user's cell known by name, so that saved models that use it can be loaded. @throws USAGE when the name is
 * taken by another cell.
 */
export function registerCell(cell: Cell): void {
  requireCells('registerCell', [cell]);
  const before = cells.get(cell.name);
  if (before !== undefined && before !== cell && isLibraryCell(before)) {
    throw new RondoError('USAGE', {
      where: 'registerCell',
      what: `\`${cell.name}\` is a cell of the library.`,
      fix: 'give your cell another name.',
    });
  }
  cells.set(cell.name, cell);
}

/** The cell of a name. @throws UNKNOWN_NAME with the nearest names. */
export function cellNamed<const Name extends string>(name: Name, where = 'cell'): CellOf<Name> {
  const found = cells.get(name);
  if (found === undefined) {
    throw unknownName(
      where,
      'cell',
      name,
      [...cells.keys()],
      `A cell of your own is made known before: registerCell(${name}), with what defineCell gave.`,
    );
  }
  return found as CellOf<Name>;
}
