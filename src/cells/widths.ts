import { RondoError } from '../errors.js';
import { type Expression, leavesOf } from '../expression/build.js';
import type { Cell, CellKernel } from './cell.js';
import { type LeafRole, roleOfLeaf } from './leaf-role.js';

/** The width of gates and, unless a cell says otherwise, of everything else. */
export const unitsWidth = 'units';

/** The width of all gates side by side: a kernel to it adds to the gates' products with the input. */
export const gatesWidth = 'gates';

/** The widths of the keys and values of what a cell attends to, which follow from that. */
export const memoryWidths = { key: 'memoryKey', value: 'memoryValue' } as const;

/** By name, the widths that a cell has besides `units`. */
export type Widths = Readonly<Record<string, number>>;

/** A width by its name, in numbers. */
export function widthNamed({ units, widths }: { units: number; widths?: Widths | undefined }, name: string): number {
  return name === unitsWidth ? units : widths![name];
}

/** How many columns a kernel of a cell has. */
export function kernelColumns(
  { gates }: Pick<Cell, 'gates'>,
  run: { units: number; widths?: Widths | undefined },
  { to }: CellKernel,
): number {
  return to === gatesWidth ? gates.length * run.units : widthNamed(run, to);
}

/** What the widths of a cell's values follow from. */
export interface ValueWidths {
  readonly stateWidths: Readonly<Record<string, string>>;
  readonly kernels: Readonly<Record<string, CellKernel>>;
  /** What recurrent dropout acts on. */
  readonly droppedWidth: string;
}

/** The name of the width of a leaf's array; undefined for what fits every width. */
export function widthOfRole({ stateWidths, kernels, droppedWidth }: ValueWidths, of: LeafRole): string | undefined {
  switch (of.role) {
    case 'state':
    case 'next':
    case 'dNext':
    case 'dState':
    case 'dShown':
      return stateWidths[of.state];
    case 'mask':
      return of.kind === 'step' ? stateWidths[of.state] : droppedWidth;
    case 'product':
    case 'dProduct':
      return kernels[of.kernel].to;
    case 'zoneout':
      return undefined;
    default:
      return unitsWidth;
  }
}

/**
 * The name of the width of an expression's values; undefined where it is made of constants alone.
 *
 * @throws USAGE where it combines values of different widths
 */
export function widthOfExpression(cell: ValueWidths, expression: Expression, where: string): string | undefined {
  const found = new Set<string>();
  for (const { name } of leavesOf([expression])) {
    const width = widthOfRole(cell, roleOfLeaf(name));
    if (width !== undefined) found.add(width);
  }
  if (found.size > 1)
    throw widthFault(where, 'an equation combines values of different widths.', 'one width', [...found].join(' and '));
  return [...found][0];
}

/** The widths that follow from a cell's equations. @throws USAGE where they do not fit */
export function widthsOfEquations(
  where: string,
  cell: Omit<ValueWidths, 'droppedWidth'>,
  { next, output, operands, kernelOperands }: ReturnType<Cell['equations']>,
): Pick<Cell, 'recurrentWidth' | 'droppedWidth' | 'outputWidth'> {
  const values = { ...cell, droppedWidth: unitsWidth };
  const require = (what: string, expression: Expression, expected: string): void => {
    const received = widthOfExpression(values, expression, where) ?? expected;
    if (received !== expected) throw widthFault(where, `${what} has the wrong width.`, expected, received);
  };
  for (const [state, expression] of Object.entries(next))
    require(`the next value of state \`${state}\``, expression, cell.stateWidths[state]);
  for (const [kernel, operand] of kernelOperands)
    require(`what kernel \`${kernel}\` multiplies`, operand, cell.kernels[kernel].from);
  const [first, ...others] = operands.values();
  const recurrentWidth = (first && widthOfExpression(values, first, where)) ?? unitsWidth;
  for (const operand of others) require('what the recurrent product of a gate multiplies', operand, recurrentWidth);
  const outputWidth = widthOfExpression(values, output, where) ?? unitsWidth;
  return { recurrentWidth, droppedWidth: recurrentWidth, outputWidth };
}

function widthFault(where: string, what: string, expected: string, received: string): RondoError {
  return new RondoError('USAGE', {
    where,
    what,
    expected,
    received,
    fix: 'give the cell a kernel from one width to the other, kernels: { name: { from, to } }, and multiply by it.',
  });
}

/** In a row of the gates buffer, where a slot begins; the slot behind the last begins at the row's end. */
export function slotColumn(
  plan: { readonly gateSlots: number; readonly otherSlots: readonly string[] },
  run: { units: number; widths?: Widths | undefined },
  slot: number,
): number {
  const others = plan.otherSlots.slice(0, Math.max(0, slot - plan.gateSlots));
  return others.reduce((column, width) => column + widthNamed(run, width), Math.min(slot, plan.gateSlots) * run.units);
}

/** How many numbers a row of the gates buffer has. */
export function gateRowWidth(
  plan: { readonly gateSlots: number; readonly otherSlots: readonly string[] },
  run: { units: number; widths?: Widths | undefined },
): number {
  return slotColumn(plan, run, plan.gateSlots + plan.otherSlots.length);
}
