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
export class VectorCode {
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

  add(a: Bundle, b: Bundle): Bundle {
    return this.binary(f32x4.add, a, b);
  }

  sub(a: Bundle, b: Bundle): Bundle {
    return this.binary(f32x4.sub, a, b);
  }

  mul(a: Bundle, b: Bundle): Bundle {
    return this.binary(f32x4.mul, a, b);
  }

  div(a: Bundle, b: Bundle): Bundle {
    return this.binary(f32x4.div, a, b);
  }

  /** `a * b + c` */
  madd(a: Bundle, b: Bundle, c: Bundle): Bundle {
    if (this.#maddKind === 'relaxed') return this.each((i) => f32x4.relaxed_madd(a[i], b[i], c[i]));
    return this.each((i) => f32x4.add(f32x4.mul(a[i], b[i]), c[i]));
  }

  /** `c - a * b` */
  nmadd(a: Bundle, b: Bundle, c: Bundle): Bundle {
    if (this.#maddKind === 'relaxed') return this.each((i) => f32x4.relaxed_nmadd(a[i], b[i], c[i]));
    return this.each((i) => f32x4.sub(c[i], f32x4.mul(a[i], b[i])));
  }

  /** `coefficients[0] + coefficients[1] x + ...`, by Horner's rule. */
  polynomial(x: Bundle, coefficients: readonly number[]): Bundle {
    let sum = this.float(coefficients[coefficients.length - 1]);
    for (let i = coefficients.length - 2; i >= 0; i--) sum = this.madd(sum, x, this.float(coefficients[i]));
    return sum;
  }

  /** `x` kept between two finite bounds; NaN stays NaN. */
  clamp(x: Bundle, low: number, high: number): Bundle {
    return this.binary(f32x4.pmin, this.binary(f32x4.pmax, x, this.float(low)), this.float(high));
  }

  /** `a` where the mask's bits are 1, else `b`. */
  choose(mask: Bundle, a: Bundle, b: Bundle): Bundle {
    return this.each((i) => v128.bitselect(a[i], b[i], mask[i]));
  }
}
