import type { Assembler, Operand } from './assembler.js';
import type { Operation, Place, Value } from './body.js';
import { Uses, valuesOf } from './body-uses.js';
import type { Frame } from './frame.js';
import type { VectorName } from './instructions.js';
import { type Label, type MaskRegister, type Memory, type VectorRegister, xmm, ymm, zmm } from './registers.js';
import type { VectorUnit } from './vector-unit.js';

export type Register = VectorRegister | MaskRegister;

/** The registers that a body may use, by number. */
export interface Pools {
  readonly vector: readonly number[];
  readonly mask: readonly number[];
}

export interface BodyWriterParts {
  readonly code: Assembler;
  readonly unit: VectorUnit;
  readonly frame: Frame;
  readonly pools: Pools;
  /** Values from outside that are in registers, which are not among the pools. */
  readonly hoisted: ReadonlyMap<Value, number>;
  /** The operand of a place; may write instructions that find it. */
  readonly operandOf: (place: Place) => Memory;
}

const forms = {
  fmadd: { 132: 'vfmadd132ps', 213: 'vfmadd213ps', 231: 'vfmadd231ps' },
  fnmadd: { 132: 'vfnmadd132ps', 213: 'vfnmadd213ps', 231: 'vfnmadd231ps' },
} as const;

/**
 * Writes the instructions of a body: operations in their order, each value in a register from its operation to its last
 * use. Where registers do not suffice, the value whose next use is farthest goes to the stack (Belady 1966, "A study of
 * replacement algorithms for a virtual-storage computer"), or is dropped where it lies in memory anyway.
 */
export class BodyWriter {
  readonly #code: Assembler;
  readonly #unit: VectorUnit;
  readonly #frame: Frame;
  readonly #pools: Pools;
  readonly #hoisted: ReadonlyMap<Value, number>;
  readonly #operandOf: (place: Place) => Memory;

  readonly #operations: readonly Operation[];
  readonly #uses: Uses;
  readonly #registers = new Map<Value, number>();
  readonly #holders = { vector: new Map<number, Value>(), mask: new Map<number, Value>() };
  readonly #spilled = new Map<Value, Memory>();
  readonly #waiting = new Map<Value, Operation>();

  constructor(operations: readonly Operation[], parts: BodyWriterParts) {
    this.#code = parts.code;
    this.#unit = parts.unit;
    this.#frame = parts.frame;
    this.#pools = parts.pools;
    this.#hoisted = parts.hoisted;
    this.#operandOf = parts.operandOf;
    this.#operations = operations;
    this.#uses = new Uses(operations);
  }

  write(): void {
    this.#operations.forEach((operation, i) => {
      if (this.#uses.isIdle(i)) return;
      if (this.#uses.canWait(i)) this.#waiting.set(operation.result!, operation);
      else if (operation.name === 'fmadd' || operation.name === 'fnmadd') this.#multiplyAdd(operation, i);
      else this.#plain(operation, operation.name, i);
    });
  }

  #plain(operation: Operation, name: VectorName, i: number): void {
    const { result, place, mask, inMemory, resultBits, immediate, zeroing, bits } = operation;
    const values = valuesOf(operation);
    const sources = this.#ordered(operation, i);
    const operands: Operand[] = [];
    const widthOf = (j: number): number | undefined =>
      (j === sources.length - 1 ? operation.lastSourceBits : undefined) ?? operation.sourceBits;
    sources.forEach((value, j) => {
      if (j !== inMemory) operands[j] = this.#inRegister(value, values, i, widthOf(j));
    });
    const maskRegister = mask === undefined ? undefined : this.#inRegister(mask, values, i);
    let repeats = false;
    if (inMemory !== undefined) {
      const value = sources[inMemory];
      operands[inMemory] =
        this.#indexOf(value) === undefined && !this.#isKept(value, values, i)
          ? this.#memoryOf(value)
          : this.#inRegister(value, values, i, widthOf(inMemory));
      repeats = isMemory(operands[inMemory]) && value.home?.isRepeated === true && name !== 'vbroadcastss';
    }
    this.#release(values, i);
    if (place !== undefined) {
      const operand = this.#operandOf(place);
      if (result === undefined) operands.unshift(operand);
      else operands.push(operand);
    }
    if (result !== undefined) operands.unshift(this.#takeFor(result, values, i, resultBits));
    this.#code.opWith(
      name,
      {
        ...(immediate === undefined ? {} : { immediate }),
        ...(maskRegister?.kind === 'mask' ? { mask: maskRegister } : {}),
        ...(zeroing === true ? { zeroing } : {}),
        ...(repeats ? { broadcast: true } : {}),
        ...(bits === undefined ? {} : { bits }),
      },
      ...operands,
    );
  }

  /** The sources, the first two exchanged where that spares a load. */
  #ordered({ sources, commutes }: Operation, i: number): readonly Value[] {
    if (commutes !== true) return sources;
    const [a, b] = sources;
    const isLoaded = this.#indexOf(b) !== undefined || this.#uses.next(a, i) > this.#uses.next(b, i);
    return this.#indexOf(a) === undefined && isLoaded ? [b, a] : sources;
  }

  /** One of the three operands is overwritten: one that is not used again, one that is loaded for it, or a copy. */
  #multiplyAdd(operation: Operation, i: number): void {
    const { sources, result } = operation;
    const name = operation.name as keyof typeof forms;
    const values = valuesOf(operation);
    const isAbsent = (j: number): boolean => this.#indexOf(sources[j]) === undefined;
    // A factor stays in memory before the addend does; what is read twice does not.
    const leftInMemory = (): number | undefined => {
      const j = [1, 0, 2].find(isAbsent);
      return j === undefined || sources.filter((value) => value === sources[j]).length > 1 ? undefined : j;
    };
    let inMemory = leftInMemory();
    if (inMemory !== undefined && this.#isKept(sources[inMemory], values, i)) {
      this.#inRegister(sources[inMemory], values, i);
      inMemory = leftInMemory();
    }
    const isDying = (j: number): boolean => {
      const value = sources[j];
      const isFree = value.fixed === undefined && !this.#hoisted.has(value);
      return isFree && this.#registers.has(value) && this.#uses.next(value, i) === Infinity;
    };
    const others = [2, 0, 1].filter((j) => j !== inMemory);
    // A sum that is kept in a register is overwritten where it is one of the operands.
    const own = result!.fixed === undefined ? undefined : others.find((j) => sources[j] === result);
    const dying = own === undefined ? others.find(isDying) : undefined;
    const loaded =
      own === undefined && dying === undefined && inMemory !== undefined ? others.find(isAbsent) : undefined;
    const tied = own ?? dying ?? loaded ?? others[0];
    for (const j of others) if (j !== loaded) this.#inRegister(sources[j], values, i);
    const operands: Operand[] = sources.map((value, j) =>
      j === inMemory || j === loaded ? this.#homeless : this.#inRegister(value, values, i),
    );
    let target: Register;
    if (dying !== undefined && result!.fixed === undefined) {
      this.#release(values, i, sources[dying]);
      target = operands[dying] as Register;
      this.#rename(sources[dying], result!);
    } else {
      // Taken first, since the target is written before the operands are read.
      target = this.#takeFor(result!, values, i);
      this.#release(values, i);
      if (loaded !== undefined) this.#load(target, sources[loaded]);
      else if (own === undefined) this.#code.op('vmovaps', target, operands[tied]);
    }
    let repeats = false;
    if (inMemory !== undefined) {
      operands[inMemory] = this.#memoryOf(sources[inMemory]);
      repeats = sources[inMemory].home?.isRepeated === true;
    }
    const [form, second, third] =
      tied === 2
        ? ([231, ...(inMemory === 0 ? [1, 0] : [0, 1])] as const)
        : inMemory === 2
          ? ([213, 1 - tied, 2] as const)
          : ([132, 2, 1 - tied] as const);
    this.#code.opWith(forms[name][form], repeats ? { broadcast: true } : {}, target, operands[second], operands[third]);
  }

  /** Stands for an operand that is found later. */
  get #homeless(): Operand {
    return zmm(0);
  }

  #indexOf(value: Value): number | undefined {
    return value.fixed ?? this.#hoisted.get(value) ?? this.#registers.get(value);
  }

  #named(kind: Value['kind'], index: number, bits: number = this.#unit.bits): Register {
    if (kind === 'mask') return { kind, index };
    return bits === 128 ? xmm(index) : bits === 256 ? ymm(index) : zmm(index);
  }

  /** A value's register, loaded where it is in none. */
  #inRegister(value: Value, kept: ReadonlySet<Value>, i: number, bits?: number): Register {
    const found = this.#indexOf(value);
    if (found !== undefined) return this.#named(value.kind, found, bits);
    const index = this.#take(value, kept, i);
    this.#load(this.#named(value.kind, index), value);
    return this.#named(value.kind, index, bits);
  }

  /** Whether a value from outside is loaded for its next use too: where no computed value loses its register to it. */
  #isKept(value: Value, kept: ReadonlySet<Value>, i: number): boolean {
    const next = this.#uses.next(value, i);
    if (value.home === undefined || next === Infinity) return false;
    if (this.#holders[value.kind].size < this.#pools[value.kind].length) return true;
    const farthest = this.#farthest(value.kind, kept, i);
    return farthest?.home !== undefined && this.#uses.next(farthest, i) > next;
  }

  /** Of the values in registers that an operation does not need, the one whose next use is farthest. */
  #farthest(kind: Value['kind'], kept: ReadonlySet<Value>, i: number): Value | undefined {
    let found: Value | undefined;
    let farthest = -1;
    for (const holder of this.#holders[kind].values()) {
      const next = this.#uses.next(holder, i);
      if (kept.has(holder) || next <= farthest) continue;
      farthest = next;
      found = holder;
    }
    return found;
  }

  #takeFor(result: Value, kept: ReadonlySet<Value>, i: number, bits?: number): Register {
    return this.#named(result.kind, result.fixed ?? this.#take(result, kept, i), bits);
  }

  /** Gives a value a register, if need be that of the value whose next use is farthest. */
  #take(value: Value, kept: ReadonlySet<Value>, i: number): number {
    const holders = this.#holders[value.kind];
    const pool = this.#pools[value.kind];
    let index = pool.find((register) => !holders.has(register));
    if (index === undefined) {
      const farthest = this.#farthest(value.kind, kept, i)!;
      index = this.#registers.get(farthest)!;
      this.#evict(farthest, index);
    }
    holders.set(index, value);
    this.#registers.set(value, index);
    return index;
  }

  #evict(value: Value, index: number): void {
    this.#registers.delete(value);
    if (value.home !== undefined || this.#spilled.has(value)) return;
    const place = this.#frame.spill(this.#spilled.size);
    this.#spilled.set(value, place);
    this.#code.op(value.kind === 'mask' ? 'kmovwToMemory' : 'vmovupsStore', place, this.#named(value.kind, index));
  }

  #rename(value: Value, result: Value): void {
    const index = this.#registers.get(value)!;
    this.#registers.delete(value);
    this.#registers.set(result, index);
    this.#holders[result.kind].set(index, result);
  }

  /** Frees the registers of values that are not used again. */
  #release(values: ReadonlySet<Value>, i: number, except?: Value): void {
    for (const value of values) {
      const index = this.#registers.get(value);
      if (index === undefined || value === except || this.#uses.next(value, i) !== Infinity) continue;
      this.#registers.delete(value);
      this.#holders[value.kind].delete(index);
    }
  }

  #load(register: Register, value: Value): void {
    const waiting = this.#waiting.get(value);
    if (waiting === undefined) loadHome(this.#code, register, this.#memoryOf(value), value.home?.isRepeated === true);
    else this.#code.op('vmovups', register, this.#operandOf(waiting.place!));
  }

  #memoryOf(value: Value): Memory | Label {
    const waiting = this.#waiting.get(value);
    if (waiting !== undefined) return this.#operandOf(waiting.place!);
    return value.home?.place ?? this.#spilled.get(value)!;
  }
}

/** Loads a value from where it lies. */
export function loadHome(code: Assembler, register: Register, place: Memory | Label, isRepeated: boolean): void {
  const name = register.kind === 'mask' ? 'kmovwFromMemory' : isRepeated ? 'vbroadcastss' : 'vmovups';
  code.op(name, register, place);
}

function isMemory({ kind }: Operand): boolean {
  return kind === 'memory' || kind === 'label';
}
