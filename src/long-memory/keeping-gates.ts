import type { Cell, StartingValue } from '../cells/cell.js';
import { leafName, roleOfLeaf } from '../cells/leaf-role.js';
import { constant, leavesOf } from '../expression/build.js';
import { derive } from '../expression/derive.js';
import { Interpreter } from '../expression/interpret.js';

/** Gates by what an open one does to a state. */
export interface KeepingGates {
  /** Keeps it, as the forget gate of an LSTM or the update gate of a GRU. */
  readonly keep: readonly string[];
  /** Replaces it, as the update gate of a minGRU. */
  readonly replace: readonly string[];
}

/** How far biases are moved to see what a gate does, and by how much a kept share has to change then. */
const [bias, leastChange] = [3, 0.02];

/**
 * Which gates decide how much of a state goes on to the next step, from the equations: by `d next / d state` with the
 * bias of a gate moved up and down, all other values fixed. A gate that is the only one of its cell also makes what is
 * written, and counts as none.
 */
export function keepingGates(cell: Cell): KeepingGates {
  const found = { keep: [] as string[], replace: [] as string[] };
  if (cell.gates.length < 2) return found;
  const { next } = cell.equations();
  const kept = cell.states.flatMap((state) => {
    const before = leavesOf([next[state]]).find(({ name }) => name === leafName({ role: 'state', state }));
    return before === undefined ? [] : [derive([{ output: next[state], by: constant(1) }], [before]).get(before)!];
  });
  for (const gate of cell.gates) {
    const moved = leafName({ role: 'bias', gate });
    const shares = [bias, -bias].map((value) => {
      const interpreter = new Interpreter((name) => (name === moved ? value : startOf(cell, name)), 1);
      return kept.map((share) => interpreter.at(share, 0, 0));
    });
    const changes = shares[0].map((open, state) => open - shares[1][state]);
    const change = changes.reduce((most, own) => (Math.abs(own) > Math.abs(most) ? own : most), 0);
    if (change > leastChange) found.keep.push(gate);
    if (change < -leastChange) found.replace.push(gate);
  }
  return found;
}

/** What a leaf holds while a bias moves: states one half, per-unit parameters where they start, products nothing. */
function startOf(cell: Cell, name: string): number {
  const of = roleOfLeaf(name);
  if (of.role === 'state') return 0.5;
  if (of.role !== 'vector') return 0;
  const start: StartingValue = cell.vectors[of.vector];
  if (typeof start === 'number') return start;
  return typeof start === 'function' ? start(0.5) : Number(start === 'ones');
}
