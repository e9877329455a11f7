import { RondoError } from '../../errors.js';
import type { ByteWriter } from './byte-writer.js';

export type ValueType = 'i32' | 'f32' | 'v128';

/** The function that values are being written into; lets a local check that it is at home. */
export interface Emitter {
  readonly name: string;
  readonly code: ByteWriter;
}

/**
 * A value of a function under construction: an expression tree that writes itself at the place where it is used, and
 * reads memory and locals there. Locals and constants may be used any number of times; everything else once, because a
 * second use would compute it again: put it in a local.
 */
export class Value<T extends ValueType = ValueType> {
  readonly type: T;
  readonly #label: string;
  readonly #write: (emitter: Emitter) => void;
  readonly #isReusable: boolean;
  #isUsed = false;

  constructor(type: T, label: string, write: (emitter: Emitter) => void, isReusable = false) {
    this.type = type;
    this.#label = label;
    this.#write = write;
    this.#isReusable = isReusable;
  }

  /** Writes the instructions that leave this value on the stack. @throws INTERNAL where it was used before */
  emit(emitter: Emitter): void {
    if (this.#isUsed && !this.#isReusable) {
      throw new RondoError('INTERNAL', {
        where: `assembler, function ${emitter.name}`,
        what: `the value \`${this.#label}\` is used twice, which would compute it twice.`,
        fix: 'put it in a local with f.let and use the local.',
      });
    }
    this.#isUsed = true;
    this.#write(emitter);
  }

  describe(): string {
    return this.#label;
  }
}

/** A variable of one function. */
export class Local<T extends ValueType = ValueType> extends Value<T> {
  readonly index: number;
  readonly owner: Emitter;

  constructor(type: T, index: number, owner: Emitter) {
    super(
      type,
      `local ${index}`,
      (emitter) => {
        requireOwner(owner, emitter);
        emitter.code.u8(0x20);
        emitter.code.u32(index);
      },
      true,
    );
    this.index = index;
    this.owner = owner;
  }
}

export function requireOwner(owner: Emitter, emitter: Emitter): void {
  if (owner === emitter) return;
  throw new RondoError('INTERNAL', {
    where: `assembler, function ${emitter.name}`,
    what: `a local of function ${owner.name} is used here.`,
    fix: 'pass it as a parameter.',
  });
}

/** A number stands for a constant of the type that its place wants (splat into all lanes for a vector). */
export type Operand<T extends ValueType> = Value<T> | number;

/**
 * Refuses a value of another type than its place wants; TypeScript sees most such slips, generated code can hide them.
 */
export function requireType(where: string, operand: Value, type: ValueType): void {
  if (operand instanceof Value && operand.type === type) return;
  throw new RondoError('INTERNAL', {
    where: `assembler, ${where}`,
    what: 'an operand has the wrong type.',
    expected: type,
    received: operand instanceof Value ? `${operand.type} (\`${operand.describe()}\`)` : String(operand),
    fix: 'convert it, or use the instruction of its type.',
  });
}

/** A value made by one instruction from the values of its operands. */
export function instruction<T extends ValueType>(
  type: T,
  name: string,
  operands: readonly Value[],
  types: readonly ValueType[],
  write: (code: ByteWriter) => void,
): Value<T> {
  operands.forEach((operand, i) => requireType(name, operand, types[i]));
  return new Value(type, name, (emitter) => {
    for (const operand of operands) operand.emit(emitter);
    write(emitter.code);
  });
}

export function i32Const(value: number): Value<'i32'> {
  return new Value(
    'i32',
    `i32.const ${value}`,
    ({ code }) => {
      code.u8(0x41);
      code.i32(value);
    },
    true,
  );
}

export function f32Const(value: number): Value<'f32'> {
  return new Value(
    'f32',
    `f32.const ${value}`,
    ({ code }) => {
      code.u8(0x43);
      code.f32(value);
    },
    true,
  );
}

/** Four 32-bit lanes, written by `lane` (float or integer). */
function v128Const(
  label: string,
  lanes: readonly number[],
  write: (code: ByteWriter, lane: number) => void,
): Value<'v128'> {
  if (lanes.length !== 1 && lanes.length !== 4) {
    throw new RondoError('INTERNAL', {
      where: `assembler, ${label}`,
      what: 'a vector constant has one value for all lanes, or four.',
      received: String(lanes.length),
    });
  }
  return new Value(
    'v128',
    `${label} ${lanes.join(' ')}`,
    ({ code }) => {
      code.bytes([0xfd, 0x0c]);
      for (let lane = 0; lane < 4; lane++) write(code, lanes[lanes.length === 1 ? 0 : lane]);
    },
    true,
  );
}

export function f32x4Const(...lanes: number[]): Value<'v128'> {
  return v128Const('f32x4.const', lanes, (code, lane) => code.f32(lane));
}

export function i32x4Const(...lanes: number[]): Value<'v128'> {
  return v128Const('i32x4.const', lanes, (code, lane) => code.raw32(lane));
}

export const asI32 = (operand: Operand<'i32'>): Value<'i32'> =>
  typeof operand === 'number' ? i32Const(operand) : operand;
export const asF32 = (operand: Operand<'f32'>): Value<'f32'> =>
  typeof operand === 'number' ? f32Const(operand) : operand;
export const asF32x4 = (operand: Operand<'v128'>): Value<'v128'> =>
  typeof operand === 'number' ? f32x4Const(operand) : operand;
export const asI32x4 = (operand: Operand<'v128'>): Value<'v128'> =>
  typeof operand === 'number' ? i32x4Const(operand) : operand;
