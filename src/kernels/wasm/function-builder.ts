import { RondoError } from '../../errors.js';
import { ByteWriter } from './byte-writer.js';
import { i32 } from './instructions.js';
import {
  asF32,
  asF32x4,
  asI32,
  type Emitter,
  Local,
  type Operand,
  requireOwner,
  requireType,
  type Value,
  type ValueType,
} from './values.js';

export type LocalsOf<P extends readonly ValueType[]> = { -readonly [I in keyof P]: Local<P[I]> };
export type OperandsOf<P extends readonly ValueType[]> = { -readonly [I in keyof P]: Operand<P[I]> };

/** A function of a module, to be called from the module's later functions. */
export interface Func<
  P extends readonly ValueType[] = readonly ValueType[],
  R extends ValueType | undefined = ValueType | undefined,
> {
  readonly name: string;
  readonly index: number;
  readonly params: P;
  readonly result: R;
}

export const typeCodes: Readonly<Record<ValueType, number>> = { i32: 0x7f, f32: 0x7d, v128: 0x7b };

/** A place to jump to while its block is open: the start of a loop, or the end of a block. */
export interface Label {
  readonly kind: 'loop' | 'block';
}

/** Writes one function: locals, effects and control flow. Values come from the instruction namespaces. */
export class FunctionBuilder implements Emitter {
  readonly name: string;
  readonly params: readonly Local[];
  readonly code = new ByteWriter();
  readonly #result: ValueType | undefined;
  readonly #localTypes: ValueType[] = [];
  readonly #labels: (Label | undefined)[] = [];

  constructor(name: string, params: readonly ValueType[], result?: ValueType) {
    this.name = name;
    this.params = params.map((type, index) => new Local(type, index, this));
    this.#result = result;
  }

  /** A new local, zero at first. */
  local<T extends ValueType>(type: T): Local<T> {
    this.#localTypes.push(type);
    return new Local(type, this.params.length + this.#localTypes.length - 1, this);
  }

  /** A new local that holds `value`. */
  let<T extends ValueType>(value: Value<T>): Local<T> {
    const local = this.local(value.type);
    this.set(local, value);
    return local;
  }

  set<T extends ValueType>(local: Local<T>, value: Operand<T>): void {
    requireOwner(local.owner, this);
    this.#value(value, local.type, 'set');
    this.code.u8(0x21);
    this.code.u32(local.index);
  }

  storeI32(address: Operand<'i32'>, value: Operand<'i32'>, offset = 0): void {
    this.#store(address, asI32(value), 'i32', [0x36], offset);
  }

  storeF32(address: Operand<'i32'>, value: Operand<'f32'>, offset = 0): void {
    this.#store(address, asF32(value), 'f32', [0x38], offset);
  }

  /** Four numbers; a number stands for four equal floats. */
  storeV128(address: Operand<'i32'>, value: Operand<'v128'>, offset = 0): void {
    this.#store(address, asF32x4(value), 'v128', [0xfd, 0x0b], offset);
  }

  /** One lane of a vector, as four bytes or fewer. */
  storeLane(address: Operand<'i32'>, value: Value<'v128'>, lane: number, offset = 0, bytes: 1 | 2 | 4 = 4): void {
    this.#store(address, value, 'v128', [0xfd, { 1: 0x58, 2: 0x59, 4: 0x5a }[bytes]], offset, bytes >> 1);
    this.code.u8(lane);
  }

  /** Two 32-bit lanes (0 and 1, or 2 and 3), as eight bytes. */
  storePair(address: Operand<'i32'>, value: Value<'v128'>, pair: 0 | 1, offset = 0): void {
    this.#store(address, value, 'v128', [0xfd, 0x5b], offset);
    this.code.u8(pair);
  }

  /** Sets `count` bytes to `byte`. */
  fillMemory(address: Operand<'i32'>, byte: Operand<'i32'>, count: Operand<'i32'>): void {
    for (const operand of [address, byte, count]) this.#value(operand, 'i32', 'fillMemory');
    this.code.bytes([0xfc, 11, 0]);
  }

  /** Copies `count` bytes; the ranges may overlap. */
  copyMemory(to: Operand<'i32'>, from: Operand<'i32'>, count: Operand<'i32'>): void {
    for (const operand of [to, from, count]) this.#value(operand, 'i32', 'copyMemory');
    this.code.bytes([0xfc, 10, 0, 0]);
  }

  /** Runs `body`; jumping to its label leaves the block. */
  block(body: (exit: Label) => void): void {
    this.#nest('block', 0x02, body);
  }

  /** Runs `body` once; jumping to its label starts it again. */
  loop(body: (again: Label) => void): void {
    this.#nest('loop', 0x03, body);
  }

  br(label: Label): void {
    this.code.u8(0x0c);
    this.code.u32(this.#depthOf(label));
  }

  brIf(label: Label, condition: Operand<'i32'>): void {
    this.#value(condition, 'i32', 'brIf');
    this.code.u8(0x0d);
    this.code.u32(this.#depthOf(label));
  }

  if(condition: Operand<'i32'>, then: () => void, otherwise?: () => void): void {
    this.#value(condition, 'i32', 'if');
    this.code.bytes([0x04, 0x40]);
    this.#labels.push(undefined);
    then();
    if (otherwise !== undefined) {
      this.code.u8(0x05);
      otherwise();
    }
    this.#labels.pop();
    this.code.u8(0x0b);
  }

  /** Runs `body` as long as the condition, computed before each run, is not zero. */
  while(condition: Operand<'i32'>, body: () => void): void {
    this.block((exit) =>
      this.loop((again) => {
        this.brIf(exit, i32.eqz(condition));
        body();
        this.br(again);
      }),
    );
  }

  /** `for (i = from; i < to; i += step)`, signed; `to` and `step` are read anew at each turn. */
  for(i: Local<'i32'>, from: Operand<'i32'>, to: Operand<'i32'>, step: Operand<'i32'>, body: () => void): void {
    this.set(i, from);
    this.while(i32.lt_s(i, to), () => {
      body();
      this.set(i, i32.add(i, step));
    });
  }

  /** Leaves the function, with its result where it has one. */
  return(value?: Operand<ValueType>): void {
    if (this.#result !== undefined || value !== undefined)
      this.#value(value as Operand<ValueType>, this.#result, 'return');
    this.code.u8(0x0f);
  }

  /** Calls a function that has no result. */
  call<P extends readonly ValueType[]>(func: Func<P, undefined>, ...args: OperandsOf<P>): void {
    this.#writeCall(func, args as readonly Operand<ValueType>[]);
  }

  /** Calls a function now and gives its result as a local. */
  result<P extends readonly ValueType[], R extends ValueType>(func: Func<P, R>, ...args: OperandsOf<P>): Local<R> {
    const local = this.local(func.result);
    this.#writeCall(func, args as readonly Operand<ValueType>[]);
    this.code.u8(0x21);
    this.code.u32(local.index);
    return local;
  }

  /** The finished body: locals, code, end. A function with a result must not fall off its end, so that traps. */
  finish(): ByteWriter {
    const body = new ByteWriter();
    const runs: { type: ValueType; count: number }[] = [];
    for (const type of this.#localTypes) {
      const last = runs.at(-1);
      if (last?.type === type) last.count++;
      else runs.push({ type, count: 1 });
    }
    body.u32(runs.length);
    for (const { type, count } of runs) {
      body.u32(count);
      body.u8(typeCodes[type]);
    }
    body.bytes(this.code.toBytes());
    if (this.#result !== undefined) body.u8(0x00);
    body.u8(0x0b);
    return body;
  }

  #value(operand: Operand<ValueType>, type: ValueType | undefined, where: string): void {
    const value =
      typeof operand !== 'number'
        ? operand
        : type === 'i32'
          ? asI32(operand)
          : type === 'f32'
            ? asF32(operand)
            : asF32x4(operand);
    requireType(`${where} in function ${this.name}`, value, type ?? ('none' as ValueType));
    value.emit(this);
  }

  #store(
    address: Operand<'i32'>,
    value: Value,
    type: ValueType,
    opcode: readonly number[],
    offset: number,
    alignment = 2,
  ): void {
    this.#value(address, 'i32', 'store address');
    this.#value(value, type, 'store');
    this.code.bytes(opcode);
    this.code.u8(alignment);
    this.code.u32(offset);
  }

  #nest(kind: Label['kind'], opcode: number, body: (label: Label) => void): void {
    const label: Label = { kind };
    this.code.bytes([opcode, 0x40]);
    this.#labels.push(label);
    body(label);
    this.#labels.pop();
    this.code.u8(0x0b);
  }

  #depthOf(label: Label): number {
    const index = this.#labels.lastIndexOf(label);
    if (index < 0) {
      throw new RondoError('INTERNAL', {
        where: `assembler, function ${this.name}`,
        what: `a jump to a ${label.kind} that is not open here.`,
      });
    }
    return this.#labels.length - 1 - index;
  }

  #writeCall(func: Func, args: readonly Operand<ValueType>[]): void {
    if (args.length !== func.params.length) {
      throw new RondoError('INTERNAL', {
        where: `assembler, function ${this.name}`,
        what: `\`${func.name}\` is called with the wrong number of arguments.`,
        expected: String(func.params.length),
        received: String(args.length),
      });
    }
    args.forEach((arg, i) => this.#value(arg, func.params[i], `call of ${func.name}`));
    this.code.u8(0x10);
    this.code.u32(func.index);
  }
}
