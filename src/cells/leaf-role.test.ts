import { describe, expect, it } from 'vitest';
import { type LeafRole, leafName, roleOfLeaf } from './leaf-role.js';

const written: readonly (readonly [LeafRole, string])[] = [
  [{ role: 'input', gate: 'forget' }, 'input.forget'],
  [{ role: 'recurrent', gate: 'forget' }, 'recurrent.forget'],
  [{ role: 'bias', gate: 'forget' }, 'bias.forget'],
  [{ role: 'recurrentBias', gate: 'forget' }, 'recurrentBias.forget'],
  [{ role: 'dInput', gate: 'forget' }, 'dInput.forget'],
  [{ role: 'dRecurrent', gate: 'forget' }, 'dRecurrent.forget'],
  [{ role: 'state', state: 'cell' }, 'state.cell'],
  [{ role: 'next', state: 'cell' }, 'next.cell'],
  [{ role: 'dNext', state: 'cell' }, 'dNext.cell'],
  [{ role: 'dState', state: 'cell' }, 'dState.cell'],
  [{ role: 'zoneout', state: 'cell' }, 'zoneout.cell'],
  [{ role: 'vector', vector: 'nu' }, 'vector.nu'],
  [{ role: 'dVector', vector: 'nu' }, 'dVector.nu'],
  [{ role: 'saved', index: 12 }, 'saved.12'],
  [{ role: 'operand', index: 0 }, 'operand.0'],
  [{ role: 'dOperand', index: 1 }, 'dOperand.1'],
  [{ role: 'output' }, 'output'],
  [{ role: 'dOutput' }, 'dOutput'],
  [{ role: 'mask', kind: 'sequence' }, 'mask.recurrent'],
  [{ role: 'mask', kind: 'step', state: 'recurrent' }, 'mask.zoneout.recurrent'],
];

describe('the role of a leaf', () => {
  it.each(written)('%o is written as a name and read back', (role, name) => {
    expect(leafName(role)).toBe(name);
    expect(roleOfLeaf(name)).toEqual(role);
  });

  it.each(['x', 'mask', 'mask.dropout', 'mask.zoneout', 'inputs.forget', ''])('of `%s` is unknown', (name) => {
    expect(() => roleOfLeaf(name)).toThrow('INTERNAL');
  });
});
