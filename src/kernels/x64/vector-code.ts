import type { VectorCode } from '../vector/vector-code.js';
import type { Body, Operation, Value } from './body.js';
import type { Constants } from './constants.js';
import { comparisons, type VectorName } from './instructions.js';
import type { VectorUnit } from './vector-unit.js';

/** The same computation on neighbouring vectors: member i of every bundle belongs to vector i. */
export type Bundle = readonly Value[];

/** To the nearest whole number, ties to even, without a fault where that is inexact. */
const NEAREST = 8;

export interface VectorCodeParts {
  readonly body: Body;
  readonly constants: Constants;
  readonly unit: VectorUnit;
  /** How many vectors a bundle has. */
  readonly width: number;
}

/**
 * Adds computations on bundles to a body. Masks are in mask registers with AVX-512, else lanes whose bits are all 1 or
 * all 0.
 */
export class X64VectorCode implements VectorCode<Bundle, Bundle> {
  readonly width: number;
  readonly unit: VectorUnit;
  readonly body: Body;
  readonly #constants: Constants;
  readonly #hasMasks: boolean;

  constructor({ body, constants, unit, width }: VectorCodeParts) {
    this.body = body;
    this.#constants = constants;
    this.unit = unit;
    this.width = width;
    this.#hasMasks = unit.isa === 'avx512';
  }

  float(value: number): Bundle {
    return this.repeat(this.#constants.float(value));
  }

  bits(value: number): Bundle {
    return this.repeat(this.#constants.bits(value));
  }

  /** A bundle whose members are one and the same value. */
  repeat(value: Value): Bundle {
    return Array.from({ length: this.width }, () => value);
  }

  each(make: (vector: number) => Value): Bundle {
    return Array.from({ length: this.width }, (_, vector) => make(vector));
  }

  /** An instruction on every member; the last source may be in memory. */
  op(
    name: Operation['name'],
    sources: readonly Bundle[],
    rest: Omit<Operation, 'name' | 'sources' | 'mask'> & { readonly mask?: Bundle } = {},
    kind: Value['kind'] = 'vector',
  ): Bundle {
    const { mask, ...others } = rest;
    return this.each((i) =>
      this.body.value(
        { name, inMemory: sources.length - 1, ...others, sources: sources.map((source) => source[i]), mask: mask?.[i] },
        kind,
      ),
    );
  }

  neg(a: Bundle): Bundle {
    return this.op('vxorps', [a, this.bits(-0x80000000)]);
  }

  abs(a: Bundle): Bundle {
    return this.and(a, this.bits(0x7fffffff));
  }

  sqrt(a: Bundle): Bundle {
    return this.op('vsqrtps', [a]);
  }

  round(a: Bundle): Bundle {
    return this.op(this.#hasMasks ? 'vrndscaleps' : 'vroundps', [a], { immediate: NEAREST });
  }

  add(a: Bundle, b: Bundle): Bundle {
    return this.op('vaddps', [a, b], { commutes: true });
  }

  sub(a: Bundle, b: Bundle): Bundle {
    return this.op('vsubps', [a, b]);
  }

  mul(a: Bundle, b: Bundle): Bundle {
    return this.op('vmulps', [a, b], { commutes: true });
  }

  div(a: Bundle, b: Bundle): Bundle {
    return this.op('vdivps', [a, b]);
  }

  madd(a: Bundle, b: Bundle, c: Bundle): Bundle {
    return this.op('fmadd', [a, b, c]);
  }

  nmadd(a: Bundle, b: Bundle, c: Bundle): Bundle {
    return this.op('fnmadd', [a, b, c]);
  }

  // The processor's maximum is its second operand where a comparison says nothing.

  larger(a: Bundle, b: Bundle): Bundle {
    return this.op('vmaxps', [b, a]);
  }

  smaller(a: Bundle, b: Bundle): Bundle {
    return this.op('vminps', [b, a]);
  }

  greater(a: Bundle, b: Bundle): Bundle {
    return this.#compare('less', b, a);
  }

  less(a: Bundle, b: Bundle): Bundle {
    return this.#compare('less', a, b);
  }

  equal(a: Bundle, b: Bundle): Bundle {
    return this.#compare('equal', a, b);
  }

  notEqual(a: Bundle, b: Bundle): Bundle {
    return this.#compare('notEqual', a, b);
  }

  notAtLeast(a: Bundle, b: Bundle): Bundle {
    return this.#compare('notAtLeast', a, b);
  }

  choose(mask: Bundle, a: Bundle, b: Bundle): Bundle {
    if (this.#hasMasks) return this.op('vblendmps', [b, a], { mask });
    return this.op('vblendvps', [b, a, mask], { inMemory: 1 });
  }

  keepWhere(mask: Bundle, a: Bundle): Bundle {
    if (!this.#hasMasks) return this.op('vandps', [mask, a], { commutes: true });
    return this.each((i) => {
      // One number that is repeated has an instruction of its own.
      const load: { name: VectorName; sourceBits?: 128 } = a[i].home?.isRepeated
        ? { name: 'vbroadcastss', sourceBits: 128 }
        : { name: 'vmovups' };
      return this.body.value({ ...load, sources: [a[i]], inMemory: 0, mask: mask[i], zeroing: true });
    });
  }

  dropWhere(mask: Bundle, a: Bundle): Bundle {
    return this.#hasMasks ? this.choose(mask, this.float(0), a) : this.op('vandnps', [mask, a]);
  }

  nanWhere(mask: Bundle, a: Bundle): Bundle {
    return this.#hasMasks ? this.choose(mask, this.bits(-1), a) : this.op('vorps', [mask, a], { commutes: true });
  }

  /** {@link nanWhere} of one vector, as an operation whose result has a register already. */
  nanWhereOperation(mask: Value, a: Value): Omit<Operation, 'result'> {
    return this.#hasMasks
      ? { name: 'vblendmps', sources: [a, this.#constants.bits(-1)], inMemory: 1, mask }
      : { name: 'vorps', sources: [mask, a] };
  }

  and(a: Bundle, b: Bundle): Bundle {
    return this.op('vandps', [a, b], { commutes: true });
  }

  or(a: Bundle, b: Bundle): Bundle {
    return this.op('vorps', [a, b], { commutes: true });
  }

  addWhole(a: Bundle, b: Bundle): Bundle {
    return this.op('vpaddd', [a, b], { commutes: true });
  }

  subWhole(a: Bundle, b: Bundle): Bundle {
    return this.op('vpsubd', [a, b]);
  }

  shiftLeft(a: Bundle, bits: number): Bundle {
    return this.#shift('vpslld', a, bits);
  }

  shiftRight(a: Bundle, bits: number): Bundle {
    return this.#shift('vpsrld', a, bits);
  }

  shiftRightSigned(a: Bundle, bits: number): Bundle {
    return this.#shift('vpsrad', a, bits);
  }

  fromWhole(a: Bundle): Bundle {
    return this.op('vcvtdq2ps', [a]);
  }

  /** Whole numbers, towards 0; -2^31 for what is too large, and for NaN. */
  truncate(a: Bundle): Bundle {
    return this.op('vcvttps2dq', [a]);
  }

  get halfBits(): 128 | 256 {
    return this.unit.bits === 512 ? 256 : 128;
  }

  upperHalves(a: Bundle): Bundle {
    const name = this.unit.bits === 512 ? 'vextractf64x4' : 'vextractf128';
    return this.op(name, [a], { immediate: 1, resultBits: this.halfBits, inMemory: undefined });
  }

  /** The lower halves in double precision. */
  widened(a: Bundle): Bundle {
    return this.op('vcvtps2pd', [a], { sourceBits: this.halfBits });
  }

  #shift(name: VectorName, a: Bundle, bits: number): Bundle {
    return this.op(name, [a], { immediate: bits, inMemory: undefined });
  }

  #compare(comparison: keyof typeof comparisons, a: Bundle, b: Bundle): Bundle {
    return this.op('vcmpps', [a, b], { immediate: comparisons[comparison] }, this.#hasMasks ? 'mask' : 'vector');
  }
}
