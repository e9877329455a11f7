import { RondoError } from '../errors.js';
import { type Access, type Leaf, leaf } from '../expression/build.js';

/**
 * What a leaf or output of a cell's programs stands for. Expressions and programs know names alone, so a role is written as
 * a name (`input.forget`, `saved.2`) where it enters a graph, by {@link leafName}, and read back by {@link roleOfLeaf}.
 */
export type LeafRole =
  | { readonly role: GateRole; readonly gate: string }
  | { readonly role: StateRole; readonly state: string }
  | { readonly role: 'vector' | 'dVector'; readonly vector: string }
  | { readonly role: IndexRole; readonly index: number }
  | { readonly role: 'output' | 'dOutput' }
  | MaskRole;

/** Recurrent dropout's mask holds for the whole sequence, `[B, U]`; zoneout's is drawn anew at each step, for one state. */
export type MaskRole =
  | { readonly role: 'mask'; readonly kind: 'sequence' }
  | { readonly role: 'mask'; readonly kind: 'step'; readonly state: string };

/** Products and biases, and the gradients of both products. */
type GateRole = (typeof gateRoles)[number];
/** A state before and after a step, the gradients of both, and the rate of its zoneout. */
type StateRole = (typeof stateRoles)[number];
/** Values of a step that are stored: for the backward pass, and what a product multiplies. */
type IndexRole = (typeof indexRoles)[number];

const gateRoles = ['input', 'recurrent', 'bias', 'recurrentBias', 'dInput', 'dRecurrent'] as const;
const stateRoles = ['state', 'next', 'dNext', 'dState', 'zoneout'] as const;
const vectorRoles = ['vector', 'dVector'] as const;
const indexRoles = ['saved', 'operand', 'dOperand'] as const;
const outputRoles = ['output', 'dOutput'] as const;

export function leafName(role: LeafRole): string {
  switch (role.role) {
    case 'output':
    case 'dOutput':
      return role.role;
    case 'mask':
      return role.kind === 'sequence' ? 'mask.recurrent' : `mask.zoneout.${role.state}`;
    case 'vector':
    case 'dVector':
      return `${role.role}.${role.vector}`;
    case 'saved':
    case 'operand':
    case 'dOperand':
      return `${role.role}.${role.index}`;
    case 'state':
    case 'next':
    case 'dNext':
    case 'dState':
    case 'zoneout':
      return `${role.role}.${role.state}`;
    default:
      return `${role.role}.${role.gate}`;
  }
}

export function roleLeaf(role: LeafRole, access?: Access): Leaf {
  return leaf(leafName(role), access);
}

/** The role of a name that {@link leafName} wrote. @throws INTERNAL for any other name. */
export function roleOfLeaf(name: string): LeafRole {
  const [first, second = '', third] = name.split('.');
  const among = <Role extends string>(roles: readonly Role[]): Role | undefined => roles.find((role) => role === first);
  const gateRole = among(gateRoles);
  if (gateRole !== undefined) return { role: gateRole, gate: second };
  const stateRole = among(stateRoles);
  if (stateRole !== undefined) return { role: stateRole, state: second };
  const vectorRole = among(vectorRoles);
  if (vectorRole !== undefined) return { role: vectorRole, vector: second };
  const indexRole = among(indexRoles);
  if (indexRole !== undefined) return { role: indexRole, index: Number(second) };
  const outputRole = among(outputRoles);
  if (outputRole !== undefined) return { role: outputRole };
  if (name === 'mask.recurrent') return { role: 'mask', kind: 'sequence' };
  if (first === 'mask' && second === 'zoneout' && third !== undefined)
    return { role: 'mask', kind: 'step', state: third };
  throw new RondoError('INTERNAL', { where: 'cell', what: `no leaf of a cell is named \`${name}\`.` });
}

/** Whether the mask of a name is `[B, U]`; others have a row for each packed row. */
export function isForWholeSequence(name: string): boolean {
  const of = roleOfLeaf(name);
  return of.role === 'mask' && of.kind === 'sequence';
}
