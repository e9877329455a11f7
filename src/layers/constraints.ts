import { RondoError, refuseUnknownOptions, requireNumber } from '../errors.js';
import { add, div, type Expression, leaf, max, min, mul, rowSum, sqrt } from '../expression/build.js';
import { type PointwiseProgram, pointwiseProgram } from '../expression/program.js';
import { currentBackend } from '../kernels/select.js';
import { describeShape, type Shape, sizeOf } from '../shape.js';
import { emptyTensor, scope } from '../tensor/tensor.js';
import type { Variable } from '../tensor/variable.js';
import { Catalog, type Configured, type Given, type NameIn } from './configured.js';

/** A rule that a weight is made to keep after every update. */
export interface Constraint extends Configured {
  /** Changes the weight in place. @throws OUT_OF_RANGE for an axis it does not have */
  apply(weight: Variable): void;
}

/** Which axes a norm is taken over: one, or several that lie side by side. */
export type NormAxis = number | readonly number[];

/** Keras's backend epsilon, added to norms that are divided by. */
const EPSILON = 1e-7;

/** Weights below 0 become 0. */
export function nonNeg(options: object = {}): Constraint {
  refuseUnknownOptions('nonNeg', options, []);
  const program = pointwiseProgram('nonNeg', [{ name: 'weight', expression: max(leaf('weight'), 0) }]);
  return {
    name: 'nonNeg',
    getConfig: () => ({ name: 'nonNeg', config: {} }),
    apply: (weight) => {
      const backend = currentBackend();
      const flat = { ...weight.viewOn(backend), rowStride: weight.size };
      backend.pointwise({
        program,
        rows: 1,
        columns: weight.size,
        inputs: { weight: flat },
        outputs: { weight: flat },
      });
    },
  };
}

/**
 * Scales every vector along `axis` whose norm is above `maxValue` down to it. Axis 0 (default) are the incoming weights
 * of a unit. Defaults: maxValue 2, axis 0. Srivastava et al. 2014, "Dropout", section 5.1. @throws OUT_OF_RANGE
 */
export function maxNorm(options: { maxValue?: number | undefined; axis?: NormAxis | undefined } = {}): Constraint {
  refuseUnknownOptions('maxNorm', options, ['maxValue', 'axis']);
  const { maxValue = 2, axis = 0 } = options;
  requireNumber('maxNorm', 'maxValue', maxValue, 'a number greater than 0', (v) => v > 0);
  return normConstraint('maxNorm', { maxValue, axis }, axis, (norm) => min(norm, maxValue));
}

/** Scales every vector along `axis` (default 0) to norm 1. */
export function unitNorm(options: { axis?: NormAxis | undefined } = {}): Constraint {
  refuseUnknownOptions('unitNorm', options, ['axis']);
  const { axis = 0 } = options;
  return normConstraint('unitNorm', { axis }, axis, () => 1);
}

/**
 * Moves the norm of every vector along `axis` towards the nearest value between `minValue` and `maxValue`:
 * `norm <- rate * clip(norm) + (1 - rate) * norm`. Defaults: 0, 1, rate 1, axis 0. @throws OUT_OF_RANGE
 */
export function minMaxNorm(
  options: {
    minValue?: number | undefined;
    maxValue?: number | undefined;
    rate?: number | undefined;
    axis?: NormAxis | undefined;
  } = {},
): Constraint {
  refuseUnknownOptions('minMaxNorm', options, ['minValue', 'maxValue', 'rate', 'axis']);
  const { minValue = 0, maxValue = 1, rate = 1, axis = 0 } = options;
  requireNumber('minMaxNorm', 'minValue', minValue, 'a number of at least 0', (v) => v >= 0);
  requireNumber('minMaxNorm', 'maxValue', maxValue, 'a number of at least minValue', (v) => v >= minValue);
  requireNumber('minMaxNorm', 'rate', rate, 'a number from 0 to 1', (v) => v >= 0 && v <= 1);
  return normConstraint('minMaxNorm', { minValue, maxValue, rate, axis }, axis, (norm) =>
    add(mul(rate, min(max(norm, minValue), maxValue)), mul(1 - rate, norm)),
  );
}

/** `w <- w * desired(norm) / (epsilon + norm)`. */
function normConstraint(
  name: string,
  config: Readonly<Record<string, unknown>>,
  axis: NormAxis,
  desired: (norm: Expression) => Expression | number,
): Constraint {
  const weight = leaf('weight');
  const scaled = (square: Expression): Expression =>
    mul(weight, div(desired(sqrt(square)), add(EPSILON, sqrt(square))));
  const program = (suffix: string, square: Expression): PointwiseProgram =>
    pointwiseProgram(`${name}.${suffix}`, [{ name: 'weight', expression: scaled(square) }]);
  const alongRow = program('row', rowSum(mul(weight, weight)));
  const byColumn = program('column', leaf('square', 'column'));
  return {
    name,
    getConfig: () => ({ name, config }),
    apply: (variable) => {
      const { outer, count, inner } = blocksOf(name, variable.shape, axis);
      scope(() => {
        const backend = currentBackend();
        const view = variable.viewOn(backend);
        if (inner === 1) {
          const place = { ...view, rowStride: count };
          backend.pointwise({
            program: alongRow,
            rows: outer,
            columns: count,
            inputs: { weight: place },
            outputs: { weight: place },
          });
          return;
        }
        const square = { ...emptyTensor([inner]).viewOn(backend), rowStride: 0 };
        for (let block = 0; block < outer; block++) {
          const place = { buffer: view.buffer, offset: view.offset + block * count * inner, rowStride: inner };
          backend.pointwise({
            program: squareSums,
            rows: count,
            columns: inner,
            inputs: { weight: place },
            outputs: { square },
          });
          backend.pointwise({
            program: byColumn,
            rows: count,
            columns: inner,
            inputs: { weight: place, square },
            outputs: { weight: place },
          });
        }
      });
    },
  };
}

const squareSums = pointwiseProgram('squareSums', [
  { name: 'square', expression: mul(leaf('weight'), leaf('weight')), reduce: 'rows' },
]);

/** The shape as `[outer, count, inner]`, where `count` are the axes of the norm. */
function blocksOf(where: string, shape: Shape, axis: NormAxis): { outer: number; count: number; inner: number } {
  const axes = (typeof axis === 'number' ? [axis] : [...axis])
    .map((place) => (place < 0 ? shape.length + place : place))
    .sort((a, b) => a - b);
  const first = axes[0];
  const fits =
    axes.length > 0 &&
    axes.every((place, i) => Number.isInteger(place) && place === first + i && place >= 0 && place < shape.length);
  if (!fits) {
    throw new RondoError('OUT_OF_RANGE', {
      where,
      what: 'the weight has no such axis.',
      expected: `one axis of ${describeShape(shape)}, or several side by side`,
      received: JSON.stringify(axis),
      fix: 'correct `axis`.',
    });
  }
  const end = first + axes.length;
  return {
    outer: sizeOf(shape.slice(0, first)),
    count: sizeOf(shape.slice(first, end)),
    inner: sizeOf(shape.slice(end)),
  };
}

const makers = { maxNorm, nonNeg, unitNorm, minMaxNorm };

/** A name that there is. */
export type ConstraintName = NameIn<typeof makers>;

/** A constraint, its name, or its stored configuration. */
export type ConstraintLike = Given<Constraint, ConstraintName>;

const catalog = new Catalog<Constraint>('constraint', makers);

export const constraintNames = catalog.names;

/** The constraint that is given; undefined stays undefined. @throws UNKNOWN_NAME with the nearest names. */
export function constraintNamed(given: Given<Constraint>, where?: string): Constraint;
export function constraintNamed(given: Given<Constraint> | undefined, where?: string): Constraint | undefined;
export function constraintNamed(given: Given<Constraint> | undefined, where = 'constraint'): Constraint | undefined {
  return given === undefined ? undefined : catalog.named(given, where);
}
