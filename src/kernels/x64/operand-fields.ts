import type { VectorInstruction } from './instructions.js';
import type { GeneralRegister, Label, MaskRegister, Memory, VectorRegister } from './registers.js';

export type Operand = VectorRegister | GeneralRegister | MaskRegister | Memory | Label;

/** Operands as the fields that hold them. */
export interface Fields {
  readonly reg: number;
  readonly vvvv: number;
  readonly rm: Operand;
  /** The register that the last byte names. */
  readonly last: number | undefined;
}

export function fieldsOf({ form, digit }: VectorInstruction, operands: readonly Operand[]): Fields {
  const indexOf = (operand: Operand): number => {
    if (operand.kind === 'memory' || operand.kind === 'label') throw new Error('an operand must be a register');
    return operand.index;
  };
  const [first, second, third, fourth] = operands;
  switch (form) {
    case 'rvm':
      return { reg: indexOf(first), vvvv: indexOf(second), rm: third, last: undefined };
    case 'rvmr':
      return { reg: indexOf(first), vvvv: indexOf(second), rm: third, last: indexOf(fourth) };
    case 'rm':
      return { reg: indexOf(first), vvvv: 0, rm: second, last: undefined };
    case 'rmv':
      return { reg: indexOf(first), vvvv: indexOf(third), rm: second, last: undefined };
    case 'mr':
      return { reg: indexOf(second), vvvv: 0, rm: first, last: undefined };
    case 'mvr':
      return { reg: indexOf(third), vvvv: indexOf(second), rm: first, last: undefined };
    case 'vm':
      return { reg: digit, vvvv: indexOf(first), rm: second, last: undefined };
  }
}

/** The fourth bits of what the last operand names: of an index, and of a base or a register. */
export function extensionsOf(rm: Operand): { x: number; b: number } {
  if (rm.kind === 'label') return { x: 0, b: 0 };
  if (rm.kind === 'memory') return { x: (rm.index?.index ?? 0) >> 3, b: rm.base.index >> 3 };
  return { x: 0, b: (rm.index >> 3) & 1 };
}

/** What a short displacement of EVEX counts, in bytes. */
export function displacementUnit({ tuple, element }: VectorInstruction, bits: number): number {
  const shares = { full: 1, half: 2, quarter: 4 } as const;
  if (tuple === 'scalar') return element;
  if (tuple === 'quad') return 16;
  if (tuple === 'octet') return 32;
  return bits / 8 / shares[tuple];
}
