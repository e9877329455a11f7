import {
  abs,
  add,
  constant,
  div,
  type Expression,
  equal,
  greater,
  leaf,
  max,
  min,
  mul,
  round,
  rowMax,
  select,
} from '../expression/build.js';
import { type PointwiseProgram, pointwiseProgram } from '../expression/program.js';
import { groupInputs, largestInt4 } from '../io/int4-tensors.js';
import { largestWeight } from '../kernels/compressed-matrix.js';
import type { WeightForm } from '../tensor/compressed-weights.js';

/** Which whole numbers weights are rounded to: those of `compressWeights(model, 'int8')`, or of files of 4 bits. */
export const roundedFormats = ['int8', 'int4'] as const;
export type RoundedFormat = (typeof roundedFormats)[number];

/** How weights are rounded on a device. */
interface Rounding {
  /** Inputs of one output that share a scale. */
  readonly group: number;
  /** Of a group, the largest number's size `largest` to its `scale`. */
  readonly scale: PointwiseProgram;
  /** The numbers of a group, `weight` to `rounded`; a matrix has its scales as the column `scale`. */
  readonly programs: Readonly<Record<WeightForm, PointwiseProgram>>;
}

export const roundings: Readonly<Record<RoundedFormat, Rounding>> = {
  int8: rounding('int8', Infinity, largestWeight, (largest) => div(largest, largestWeight)),
  int4: rounding('int4', groupInputs, largestInt4, (largest) => halfAbove(div(largest, largestInt4))),
};

function rounding(
  name: RoundedFormat,
  group: number,
  largest: number,
  scaleOf: (largest: Expression) => Expression,
): Rounding {
  const w = leaf('weight');
  const rounded = (form: WeightForm): PointwiseProgram => {
    const scale = form === 'table' ? scaleOf(rowMax(abs(w))) : leaf('scale', 'column');
    const whole = max(min(round(div(w, scale)), largest), -largest);
    const expression = select(equal(scale, 0), 0, mul(whole, scale));
    return pointwiseProgram(`rounded ${name} ${form}`, [{ name: 'rounded', expression }]);
  };
  return {
    group,
    scale: pointwiseProgram(`scale ${name}`, [{ name: 'scale', expression: scaleOf(leaf('largest')) }]),
    programs: { matrix: rounded('matrix'), table: rounded('table') },
  };
}

/** The least half-precision number of at least `value`, by exact operations alone: powers of two and whole numbers. */
function halfAbove(value: Expression): Expression {
  // Of numbers from 2^-14 to 2^17, the power of two below; of smaller ones 2^-14. Their last bit is 2^-10 of that.
  let rest = mul(value, 2 ** 14);
  let unit: Expression = constant(2 ** -24);
  for (const exponent of [16, 8, 4, 2, 1]) {
    const isBelow = greater(2 ** exponent, rest);
    unit = select(isBelow, unit, mul(unit, 2 ** exponent));
    rest = select(isBelow, rest, mul(rest, 2 ** -exponent));
  }
  const units = div(value, unit);
  const whole = round(units);
  return mul(select(greater(units, whole), add(whole, 1), whole), unit);
}
