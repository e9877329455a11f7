import type { VectorCode } from '../vector/vector-code.js';
import { type FunctionBuilder, f32x4, i32x4, type Local, type Value, v128 } from './assembler.js';

/**
 * The same computation on neighbouring vectors of four lanes: member i of every bundle belongs to vector i. Each step
 * is written for all members before the next step, so that the processor sees independent work side by side.
 */
export type Bundle = readonly Value<'v128'>[];

/**
 * How `a * b + c` is computed: `plain` rounds twice and gives the same bits on every processor; `relaxed` rounds once
 * where the processor can (relaxed SIMD).
 */
export type Madd = 'plain' | 'relaxed';

type Unary = (a: Value<'v128'>) => Value<'v128'>;
type Binary = (a: Value<'v128'>, b: Value<'v128'>) => Value<'v128'>;

/**
 * The constants that a piece of code uses, as locals set once before its loops: V8 makes a vector constant anew, in
 * three instructions, wherever it stands. Write the code twice: first into a function that is thrown away, to learn
 * what it uses, then, after {@link hoist}, for good.
 */
export class Constants {
  readonly #make = new Map<string, () => Value<'v128'>>();
  readonly #locals = new Map<string, Local<'v128'>>();

  float(value: number): Value<'v128'> {
    return this.#value(`float ${Object.is(value, -0) ? '-0' : value}`, () => f32x4.const(value));
  }

  bits(value: number): Value<'v128'> {
    return this.#value(`bits ${value}`, () => i32x4.const(value));
  }

  /** Sets a local of `f` for every constant used so far. */
  hoist(f: FunctionBuilder): void {
    for (const [key, make] of this.#make) this.#locals.set(key, f.let(make()));
  }

  #value(key: string, make: () => Value<'v128'>): Value<'v128'> {
    this.#make.set(key, make);
    return this.#locals.get(key) ?? make();
  }
}

/**
 * The locals of a piece of code that is computed anew at each turn of a loop. V8 takes every local written in a loop
 * for a value that the next turn may read, and then does not widen its computation to 256 bits
 * (`--experimental-wasm-revectorize`); setting them all to one value at the end of a turn tells it that none is.
 */
export class Temporaries {
  readonly #locals: Local<'v128'>[] = [];
  #used = 0;
  readonly #f: FunctionBuilder;

  constructor(f: FunctionBuilder) {
    this.#f = f;
  }

  let(value: Value<'v128'>): Local<'v128'> {
    if (this.#used === this.#locals.length) this.#locals.push(this.#f.local('v128'));
    const local = this.#locals[this.#used++];
    this.#f.set(local, value);
    return local;
  }

  /** Ends a turn: the values are gone, and later code may use the locals. */
  release(anything: Value<'v128'>): void {
    for (let i = 0; i < this.#used; i++) this.#f.set(this.#locals[i], anything);
    this.#used = 0;
  }
}

export interface VectorCodeParts {
  readonly constants: Constants;
  readonly temporaries: Temporaries;
  readonly madd: Madd;
  /** How many vectors a bundle has. */
  readonly width: number;
}

/** Writes computations on bundles; every result is a bundle of locals, to be used any number of times. */
export class WasmVectorCode implements VectorCode<Bundle, Bundle> {
  readonly width: number;
  readonly #constants: Constants;
  readonly #temporaries: Temporaries;
  readonly #maddKind: Madd;

  constructor({ constants, temporaries, madd, width }: VectorCodeParts) {
    this.#constants = constants;
    this.#temporaries = temporaries;
    this.#maddKind = madd;
    this.width = width;
  }

  float(value: number): Bundle {
    return this.repeat(this.#constants.float(value));
  }

  bits(value: number): Bundle {
    return this.repeat(this.#constants.bits(value));
  }

  /** A bundle whose members are one and the same value. */
  repeat(value: Value<'v128'>): Bundle {
    return Array.from({ length: this.width }, () => value);
  }

  /** A bundle of the values that `make` gives for each vector. */
  each(make: (vector: number) => Value<'v128'>): Bundle {
    return Array.from({ length: this.width }, (_, vector) => this.#temporaries.let(make(vector)));
  }

  unary(operation: Unary, a: Bundle): Bundle {
    return this.each((i) => operation(a[i]));
  }

  binary(operation: Binary, a: Bundle, b: Bundle): Bundle {
    return this.each((i) => operation(a[i], b[i]));
  }

  readonly neg = this.#unaryOf(f32x4.neg);
  readonly abs = this.#unaryOf(f32x4.abs);
  readonly sqrt = this.#unaryOf(f32x4.sqrt);
  readonly round = this.#unaryOf(f32x4.nearest);
  readonly add = this.#binaryOf(f32x4.add);
  readonly sub = this.#binaryOf(f32x4.sub);
  readonly mul = this.#binaryOf(f32x4.mul);
  readonly div = this.#binaryOf(f32x4.div);
  readonly larger = this.#binaryOf(f32x4.pmax);
  readonly smaller = this.#binaryOf(f32x4.pmin);

  madd(a: Bundle, b: Bundle, c: Bundle): Bundle {
    if (this.#maddKind === 'relaxed') return this.each((i) => f32x4.relaxed_madd(a[i], b[i], c[i]));
    return this.each((i) => f32x4.add(f32x4.mul(a[i], b[i]), c[i]));
  }

  nmadd(a: Bundle, b: Bundle, c: Bundle): Bundle {
    if (this.#maddKind === 'relaxed') return this.each((i) => f32x4.relaxed_nmadd(a[i], b[i], c[i]));
    return this.each((i) => f32x4.sub(c[i], f32x4.mul(a[i], b[i])));
  }

  // Masks are lanes whose bits are all 1 or all 0.

  readonly greater = this.#binaryOf(f32x4.gt);
  readonly less = this.#binaryOf(f32x4.lt);
  readonly equal = this.#binaryOf(f32x4.eq);
  readonly notEqual = this.#binaryOf(f32x4.ne);
  readonly notAtLeast = this.#binaryOf((a, b) => v128.not(f32x4.ge(a, b)));
  readonly keepWhere = this.#binaryOf(v128.and);
  readonly dropWhere = this.#binaryOf((mask, a) => v128.andnot(a, mask));
  readonly nanWhere = this.#binaryOf((mask, a) => v128.or(a, mask));

  choose(mask: Bundle, a: Bundle, b: Bundle): Bundle {
    return this.each((i) => v128.bitselect(a[i], b[i], mask[i]));
  }

  readonly and = this.#binaryOf(v128.and);
  readonly or = this.#binaryOf(v128.or);
  readonly addWhole = this.#binaryOf(i32x4.add);
  readonly subWhole = this.#binaryOf(i32x4.sub);
  readonly fromWhole = this.#unaryOf(f32x4.convert_i32x4_s);

  shiftLeft(a: Bundle, bits: number): Bundle {
    return this.each((i) => i32x4.shl(a[i], bits));
  }

  shiftRight(a: Bundle, bits: number): Bundle {
    return this.each((i) => i32x4.shr_u(a[i], bits));
  }

  shiftRightSigned(a: Bundle, bits: number): Bundle {
    return this.each((i) => i32x4.shr_s(a[i], bits));
  }

  #unaryOf(operation: Unary): (a: Bundle) => Bundle {
    return (a) => this.unary(operation, a);
  }

  #binaryOf(operation: Binary): (a: Bundle, b: Bundle) => Bundle {
    return (a, b) => this.binary(operation, a, b);
  }
}
