import type { Assembler } from './assembler.js';
import type { Operation, Value } from './body.js';
import type { Constants } from './constants.js';
import type { Frame } from './frame.js';
import type { VectorName } from './instructions.js';
import { LoopVariable } from './loop-variable.js';
import { at, type GeneralRegister, xmm, ymm, zmm } from './registers.js';
import type { Bundle, X64VectorCode } from './vector-code.js';
import type { VectorUnit } from './vector-unit.js';

/** What a loop over columns gathers into one value. */
export interface Accumulator {
  readonly variables: readonly LoopVariable[];
  /** Outside of loops. */
  clear(code: Assembler): void;
  /** In a body; `lanes` are those of a part of a vector. */
  take(values: Bundle, code: X64VectorCode, lanes: Bundle | undefined): void;
  /** Outside of loops: the result, in the lowest lane of register 0. */
  result(code: Assembler): void;
}

export interface AccumulatorParts {
  readonly frame: Frame;
  readonly unit: VectorUnit;
}

/** A sum of single-precision numbers in double precision: its error does not grow noticeably with their number. */
export class DoubleSum implements Accumulator {
  readonly variables: readonly LoopVariable[];
  readonly #unit: VectorUnit;

  constructor({ frame, unit }: AccumulatorParts) {
    this.#unit = unit;
    this.variables = [0, 1].map(() => new LoopVariable(frame.vector(), unit));
  }

  clear(code: Assembler): void {
    for (const variable of this.variables) variable.clear(code);
  }

  take(values: Bundle, code: X64VectorCode, lanes: Bundle | undefined): void {
    const counted = lanes === undefined ? values : code.keepWhere(lanes, values);
    const halves = [counted, code.upperHalves(counted)].map((half) => code.widened(half));
    halves.forEach((half, i) => {
      const sum = combined((a, b) => code.body.value(addOf(a, b)), half);
      this.variables[i].update(code.body, (present) => addOf(present, sum));
    });
  }

  result(code: Assembler): void {
    this.#double(code);
    code.op('vcvtsd2ss', xmm(0), xmm(0), xmm(0));
  }

  /** The result plus a number in memory. */
  resultWith(code: Assembler, address: GeneralRegister): void {
    this.#double(code);
    code.op('vxorps', xmm(1), xmm(1), xmm(1));
    code.op('vcvtss2sd', xmm(1), xmm(1), at(address));
    code.op('vaddsd', xmm(0), xmm(0), xmm(1));
    code.op('vcvtsd2ss', xmm(0), xmm(0), xmm(0));
  }

  #double(code: Assembler): void {
    const sum = this.#unit.register(0);
    const [low, high] = this.variables;
    code.op('vmovupd', sum, low.home);
    code.op('vaddpd', sum, sum, high.home);
    foldHalves(code, this.#unit, 'vaddpd', 0, 1);
    code.op('vunpckhpd', xmm(1), xmm(0), xmm(0));
    code.op('vaddsd', xmm(0), xmm(0), xmm(1));
  }
}

/** The largest of some numbers; NaN where one of them is NaN. */
export class Largest implements Accumulator {
  readonly variables: readonly LoopVariable[];
  readonly #unit: VectorUnit;
  readonly #lowest: Value;

  constructor({ frame, unit }: AccumulatorParts, constants: Constants) {
    this.#unit = unit;
    // The second has lanes whose bits are all 1, which is a NaN, once they have seen a NaN.
    this.variables = [0, 1].map(() => new LoopVariable(frame.vector(), unit));
    this.#lowest = constants.float(-Infinity);
  }

  clear(code: Assembler): void {
    const [largest, unordered] = this.variables;
    const register = this.#unit.register(0);
    const { place, isRepeated } = this.#lowest.home!;
    code.op(isRepeated ? 'vbroadcastss' : 'vmovups', register, place);
    code.op('vmovupsStore', largest.home, register);
    unordered.clear(code);
  }

  take(values: Bundle, code: X64VectorCode, lanes: Bundle | undefined): void {
    const counted = lanes === undefined ? values : code.choose(lanes, values, code.repeat(this.#lowest));
    const [largest, unordered] = this.variables;
    const { body } = code;
    const most = combined((a, b) => body.value(largerOf(a, b)), counted);
    largest.update(body, (present) => largerOf(present, most));
    for (const isNaN of code.notEqual(counted, counted))
      unordered.update(body, (present) => code.nanWhereOperation(isNaN, present));
  }

  result(code: Assembler): void {
    const [largest, unordered] = this.variables;
    code.op('vmovups', this.#unit.register(0), largest.home);
    code.op('vmovups', this.#unit.register(2), unordered.home);
    foldHalves(code, this.#unit, 'vmaxps', 0, 1);
    foldHalves(code, this.#unit, 'vorps', 2, 1);
    for (const immediate of [0x4e, 0xb1]) {
      code.opWith('vpermilps', { immediate }, xmm(1), xmm(0));
      code.op('vmaxps', xmm(0), xmm(0), xmm(1));
      code.opWith('vpermilps', { immediate }, xmm(1), xmm(2));
      code.op('vorps', xmm(2), xmm(2), xmm(1));
    }
    code.op('vorps', xmm(0), xmm(0), xmm(2));
  }
}

type Sum = Omit<Operation, 'result'>;

function addOf(a: Value, b: Value): Sum {
  return { name: 'vaddpd', sources: [a, b] };
}

/** The larger of two; `b` where one is NaN. */
function largerOf(a: Value, b: Value): Sum {
  return { name: 'vmaxps', sources: [a, b] };
}

/** All parts combined pairwise, so that no long chain of dependent instructions arises. */
function combined(combine: (a: Value, b: Value) => Value, parts: Bundle): Value {
  if (parts.length === 1) return parts[0];
  const half = parts.length >> 1;
  return combine(combined(combine, parts.slice(0, half)), combined(combine, parts.slice(half)));
}

/** Combines the parts of 128 bits of a register into the lowest. */
function foldHalves(code: Assembler, unit: VectorUnit, name: VectorName, register: number, other: number): void {
  if (unit.bits === 512) {
    code.opWith('vextractf64x4', { immediate: 1 }, ymm(other), zmm(register));
    code.op(name, ymm(register), ymm(register), ymm(other));
  }
  code.opWith('vextractf128', { immediate: 1 }, xmm(other), ymm(register));
  code.op(name, xmm(register), xmm(register), xmm(other));
}
