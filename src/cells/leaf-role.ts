import { RondoError } from '../errors.js';
import { type Access, type Leaf, leaf } from '../expression/build.js';

/**
 * What a leaf or output of a cell's programs stands for. Expressions and programs know names alone, so a role is
 * written as a name (`input.forget`, `saved.2`) where it enters a graph, by {@link leafName}, and read back by
 * {@link roleOfLeaf}.
 */
export type LeafRole =
  | { readonly role: GateRole; readonly gate: string }
  | { readonly role: StateRole; readonly state: string }
  | { readonly role: 'vector' | 'dVector'; readonly vector: string }
  | { readonly role: 'product' | 'dProduct'; readonly kernel: string }
  | { readonly role: IndexRole; readonly index: number }
  | { readonly role: 'output' | 'dOutput' }
  | MaskRole;

/**
 * Recurrent dropout's mask holds for the whole sequence, `[B, U]`; zoneout's is drawn anew at each step, for one state.
 */
export type MaskRole =
  | { readonly role: 'mask'; readonly kind: 'sequence' }
  | { readonly role: 'mask'; readonly kind: 'step'; readonly state: string };

/** Products and biases, and the gradients of both products and of the bias. */
type GateRole = 'input' | 'recurrent' | 'bias' | 'recurrentBias' | 'dInput' | 'dRecurrent' | 'dBias';
/**
 * A state before and after a step, the gradients of both, that of a state which each step shows, and the rate of its
 * zoneout.
 */
type StateRole = 'state' | 'next' | 'dNext' | 'dState' | 'dShown' | 'zoneout';
/** Values of a step that are stored: for the backward pass, and what a product multiplies. */
type IndexRole = 'saved' | 'operand' | 'dOperand';

/** By role, what tells one leaf from another of the same role; masks are told apart in their own way. */
const tellsApart: Readonly<
  Record<Exclude<LeafRole['role'], 'mask'>, 'gate' | 'state' | 'vector' | 'kernel' | 'index' | ''>
> = {
  input: 'gate',
  recurrent: 'gate',
  bias: 'gate',
  recurrentBias: 'gate',
  dInput: 'gate',
  dRecurrent: 'gate',
  dBias: 'gate',
  state: 'state',
  next: 'state',
  dNext: 'state',
  dState: 'state',
  dShown: 'state',
  zoneout: 'state',
  vector: 'vector',
  dVector: 'vector',
  product: 'kernel',
  dProduct: 'kernel',
  saved: 'index',
  operand: 'index',
  dOperand: 'index',
  output: '',
  dOutput: '',
};

export function leafName(of: LeafRole): string {
  if (of.role === 'mask') return of.kind === 'sequence' ? 'mask.recurrent' : `mask.zoneout.${of.state}`;
  const key = tellsApart[of.role];
  return key === '' ? of.role : `${of.role}.${(of as unknown as Readonly<Record<string, string | number>>)[key]}`;
}

export function roleLeaf(role: LeafRole, access?: Access): Leaf {
  return leaf(leafName(role), access);
}

/** The role of a name that {@link leafName} wrote. @throws INTERNAL for any other name. */
export function roleOfLeaf(name: string): LeafRole {
  const [role, second = '', state] = name.split('.');
  if (Object.hasOwn(tellsApart, role)) {
    const key = tellsApart[role as keyof typeof tellsApart];
    return { role, ...(key !== '' && { [key]: key === 'index' ? Number(second) : second }) } as LeafRole;
  }
  if (name === 'mask.recurrent') return { role: 'mask', kind: 'sequence' };
  if (role === 'mask' && second === 'zoneout' && state !== undefined) return { role: 'mask', kind: 'step', state };
  throw new RondoError('INTERNAL', { where: 'cell', what: `no leaf of a cell is named \`${name}\`.` });
}

/** Whether the mask of a name is `[B, U]`; others have a row for each packed row. */
export function isForWholeSequence(name: string): boolean {
  const of = roleOfLeaf(name);
  return of.role === 'mask' && of.kind === 'sequence';
}
