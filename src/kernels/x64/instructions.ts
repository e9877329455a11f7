/**
 * How operands become the fields of an instruction, in the order of the assembler of Intel's manual:
 *
 * - `rvm`: register, register, register or memory (arithmetic);
 * - `rm`: register, register or memory (loads, conversions);
 * - `rmv`: register, register or memory, register (general registers alone);
 * - `mr`: register or memory, register (stores, upper halves);
 * - `mvr`: memory, register, register (stores by a vector of masks);
 * - `vm`: register, register, with a digit in place of the third (shifts by a constant);
 * - `rvmr`: register, register, register or memory, register (blends by a vector of masks).
 */
export type Form = 'rvm' | 'rm' | 'rmv' | 'mr' | 'mvr' | 'vm' | 'rvmr';

/** What one displacement of 8 bits counts in EVEX: a whole vector, a share of one, or one element. */
export type Tuple = 'full' | 'half' | 'quarter' | 'scalar' | 'quad' | 'octet';

/** One vector instruction. Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2. */
export interface VectorInstruction {
  readonly form: Form;
  readonly opcode: number;
  /** 1: 0F, 2: 0F38, 3: 0F3A. */
  readonly map: 1 | 2 | 3;
  /** The prefix that is folded into the opcode: 0 none, 1: 66, 2: F3, 3: F2. */
  readonly prefix: 0 | 1 | 2 | 3;
  /** The bit W in VEX, and in EVEX. */
  readonly w: 0 | 1;
  readonly evexW: 0 | 1;
  readonly encodings: 'both' | 'vex' | 'evex';
  readonly tuple: Tuple;
  /** Bytes of an element, which a broadcast repeats. */
  readonly element: 1 | 2 | 4 | 8;
  /** In place of a register's number, for `vm`. */
  readonly digit: number;
  /** Whether a constant of 8 bits follows. */
  readonly hasImmediate: boolean;
  /** Whether the first operand of the EVEX form is a mask register. */
  readonly toMask: boolean;
  /** The width that is encoded, where it does not follow from the first register. */
  readonly bits: 128 | undefined;
}

type Rest = Partial<Omit<VectorInstruction, 'form' | 'opcode' | 'map' | 'prefix'>>;

function define(form: Form, map: 1 | 2 | 3, prefix: 0 | 1 | 2 | 3, opcode: number, rest: Rest = {}): VectorInstruction {
  const w = rest.w ?? 0;
  return {
    form,
    opcode,
    map,
    prefix,
    w,
    evexW: rest.evexW ?? w,
    encodings: rest.encodings ?? 'both',
    tuple: rest.tuple ?? 'full',
    element: rest.element ?? 4,
    digit: rest.digit ?? 0,
    hasImmediate: rest.hasImmediate ?? false,
    toMask: rest.toMask ?? false,
    bits: rest.bits,
  };
}

const doubles = { evexW: 1, element: 8 } as const;
const scalar = { tuple: 'scalar', bits: 128 } as const;
const immediate = { hasImmediate: true } as const;
const vex = { encodings: 'vex' } as const;
const evex = { encodings: 'evex' } as const;

/** Every vector instruction that kernels use. */
export const vectorInstructions = {
  // Arithmetic on single precision, on double precision, and on the lowest element alone.
  vaddps: define('rvm', 1, 0, 0x58),
  vmulps: define('rvm', 1, 0, 0x59),
  vsubps: define('rvm', 1, 0, 0x5c),
  vminps: define('rvm', 1, 0, 0x5d),
  vdivps: define('rvm', 1, 0, 0x5e),
  vmaxps: define('rvm', 1, 0, 0x5f),
  vsqrtps: define('rm', 1, 0, 0x51),
  vaddpd: define('rvm', 1, 1, 0x58, doubles),
  vaddss: define('rvm', 1, 2, 0x58, scalar),
  vaddsd: define('rvm', 1, 3, 0x58, { ...scalar, ...doubles }),
  // a b + c, rounded once: 132 and 213 overwrite a factor, 231 the addend.
  vfmadd132ps: define('rvm', 2, 1, 0x98),
  vfmadd213ps: define('rvm', 2, 1, 0xa8),
  vfmadd231ps: define('rvm', 2, 1, 0xb8),
  vfnmadd132ps: define('rvm', 2, 1, 0x9c),
  vfnmadd213ps: define('rvm', 2, 1, 0xac),
  vfnmadd231ps: define('rvm', 2, 1, 0xbc),
  // Bits of floats. EVEX forms of the first four need AVX512DQ.
  vandps: define('rvm', 1, 0, 0x54),
  vandnps: define('rvm', 1, 0, 0x55),
  vorps: define('rvm', 1, 0, 0x56),
  vxorps: define('rvm', 1, 0, 0x57),
  vpxor: define('rvm', 1, 1, 0xef, vex),
  vpxord: define('rvm', 1, 1, 0xef, evex),
  // Whole numbers.
  vpaddd: define('rvm', 1, 1, 0xfe),
  vpsubd: define('rvm', 1, 1, 0xfa),
  vpmulld: define('rvm', 2, 1, 0x40),
  vpmaddwd: define('rvm', 1, 1, 0xf5, { element: 2 }),
  vpmaddubsw: define('rvm', 2, 1, 0x04, { element: 1 }),
  // Products of bytes: two instructions of the same name, of AVX512_VNNI and of AVX-VNNI.
  vpdpbusd: define('rvm', 2, 1, 0x50, evex),
  vpdpbusdVex: define('rvm', 2, 1, 0x50, vex),
  vpslld: define('vm', 1, 1, 0x72, { digit: 6, ...immediate }),
  vpsrld: define('vm', 1, 1, 0x72, { digit: 2, ...immediate }),
  vpsrad: define('vm', 1, 1, 0x72, { digit: 4, ...immediate }),
  vpackusdw: define('rvm', 2, 1, 0x2b),
  vpackssdw: define('rvm', 1, 1, 0x6b),
  vpackuswb: define('rvm', 1, 1, 0x67, { element: 2 }),
  vpacksswb: define('rvm', 1, 1, 0x63, { element: 2 }),
  vpermq: define('rm', 3, 1, 0x00, { w: 1, element: 8, ...immediate }),
  vpmovdb: define('mr', 2, 2, 0x31, { ...evex, tuple: 'quarter' }),
  vpmovdw: define('mr', 2, 2, 0x33, { ...evex, tuple: 'half' }),
  // Comparisons: to lanes of all ones, or to a mask register.
  vcmpps: define('rvm', 1, 0, 0xc2, { ...immediate, toMask: true }),
  vblendvps: define('rvmr', 3, 1, 0x4a, vex),
  vblendmps: define('rvm', 2, 1, 0x65, evex),
  vmovmskps: define('rm', 1, 0, 0x50, vex),
  // Loads and stores.
  vmovups: define('rm', 1, 0, 0x10),
  vmovupsStore: define('mr', 1, 0, 0x11),
  vmovaps: define('rm', 1, 0, 0x28),
  vmovupd: define('rm', 1, 1, 0x10, doubles),
  vmovupdStore: define('mr', 1, 1, 0x11, doubles),
  vmovss: define('rm', 1, 2, 0x10, scalar),
  vmovssStore: define('mr', 1, 2, 0x11, scalar),
  vmovsd: define('rm', 1, 3, 0x10, { ...scalar, ...doubles }),
  vmovd: define('rm', 1, 1, 0x6e, scalar),
  vmovdStore: define('mr', 1, 1, 0x7e, scalar),
  vmovqStore: define('mr', 1, 1, 0xd6, { ...scalar, ...doubles }),
  vmaskmovps: define('rvm', 2, 1, 0x2c, vex),
  vmaskmovpsStore: define('mvr', 2, 1, 0x2e, vex),
  vbroadcastss: define('rm', 2, 1, 0x18, { tuple: 'scalar' }),
  vpbroadcastd: define('rm', 2, 1, 0x58, { tuple: 'scalar' }),
  // Between types.
  vcvtdq2ps: define('rm', 1, 0, 0x5b),
  vcvttps2dq: define('rm', 1, 2, 0x5b),
  vcvtps2pd: define('rm', 1, 0, 0x5a, { tuple: 'half' }),
  vcvtpd2ps: define('rm', 1, 1, 0x5a, doubles),
  vcvtss2sd: define('rvm', 1, 2, 0x5a, scalar),
  vcvtsd2ss: define('rvm', 1, 3, 0x5a, { ...scalar, ...doubles }),
  vcvtph2ps: define('rm', 2, 1, 0x13, { tuple: 'half' }),
  vcvtps2ph: define('mr', 3, 1, 0x1d, { tuple: 'half', ...immediate }),
  vpmovzxbd: define('rm', 2, 1, 0x31, { tuple: 'quarter' }),
  vpmovzxwd: define('rm', 2, 1, 0x33, { tuple: 'half' }),
  vpmovsxbd: define('rm', 2, 1, 0x21, { tuple: 'quarter' }),
  vroundps: define('rm', 3, 1, 0x08, { ...vex, ...immediate }),
  vrndscaleps: define('rm', 3, 1, 0x08, { ...evex, ...immediate }),
  // Between lanes.
  vextractf128: define('mr', 3, 1, 0x19, { ...vex, ...immediate }),
  vextractf64x4: define('mr', 3, 1, 0x1b, { ...evex, evexW: 1, tuple: 'octet', ...immediate }),
  vextractf32x4: define('mr', 3, 1, 0x19, { ...evex, tuple: 'quad', ...immediate }),
  vinsertf128: define('rvm', 3, 1, 0x18, { ...vex, ...immediate }),
  vinsertf32x4: define('rvm', 3, 1, 0x18, { ...evex, tuple: 'quad', ...immediate }),
  vinsertf64x4: define('rvm', 3, 1, 0x1a, { ...evex, evexW: 1, tuple: 'octet', ...immediate }),
  vpermilps: define('rm', 3, 1, 0x04, immediate),
  vperm2f128: define('rvm', 3, 1, 0x06, { ...vex, ...immediate }),
  vshuff32x4: define('rvm', 3, 1, 0x23, { ...evex, ...immediate }),
  vunpcklps: define('rvm', 1, 0, 0x14),
  vunpckhps: define('rvm', 1, 0, 0x15),
  vunpcklpd: define('rvm', 1, 1, 0x14, doubles),
  vunpckhpd: define('rvm', 1, 1, 0x15, doubles),
  // Masks.
  kmovw: define('rm', 1, 0, 0x92, vex),
  kmovwFromMemory: define('rm', 1, 0, 0x90, { ...vex, ...scalar, element: 2 }),
  kmovwToMemory: define('mr', 1, 0, 0x91, { ...vex, ...scalar, element: 2 }),
  // Of general registers: the low bits of a value, as many as another says (BMI2).
  bzhi: define('rmv', 2, 0, 0xf5, vex),
} as const satisfies Record<string, VectorInstruction>;

export type VectorName = keyof typeof vectorInstructions;

/** The numbers of comparisons of vcmpps: none of them raises a fault, `notEqual` and `notAtLeast` are true of a NaN. */
export const comparisons = {
  equal: 0x00,
  less: 0x11,
  lessEqual: 0x12,
  unordered: 0x03,
  notEqual: 0x04,
  notAtLeast: 0x19,
} as const;

/** Codes of conditions, signed where a size is meant. */
export const conditions = {
  below: 0x2,
  aboveEqual: 0x3,
  equal: 0x4,
  notEqual: 0x5,
  belowEqual: 0x6,
  above: 0x7,
  less: 0xc,
  greaterEqual: 0xd,
  lessEqual: 0xe,
  greater: 0xf,
} as const;

export type Condition = keyof typeof conditions;

/** Arithmetic on general registers, by the digit of its forms. */
export const arithmetic = { add: 0, or: 1, and: 4, sub: 5, xor: 6, cmp: 7 } as const;

export type Arithmetic = keyof typeof arithmetic;
