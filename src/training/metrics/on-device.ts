import { type Expression, leaf, mul, select } from '../../expression/build.js';
import { type PointwiseProgram, pointwiseProgram } from '../../expression/program.js';
import type { Strided } from '../../kernels/contract.js';
import { currentBackend } from '../../kernels/select.js';
import { type Shape, sizeOf } from '../../shape.js';
import { placesOfLargest } from '../../tensor/reduce.js';
import { emptyTensor, type Tensor, tensor } from '../../tensor/tensor.js';
import {
  classOf,
  type DeviceBatch,
  type DeviceSum,
  type MetricBatch,
  requireEqualShapes,
  weightsOf,
} from './metric.js';

/** The value of one element of targets and predictions. */
export type ElementEquation = (truth: Expression, prediction: Expression) => Expression;

const programs = new WeakMap<
  ElementEquation,
  { readonly plain: PointwiseProgram; readonly weighted: PointwiseProgram }
>();

function programsOf(element: ElementEquation): {
  readonly plain: PointwiseProgram;
  readonly weighted: PointwiseProgram;
} {
  let found = programs.get(element);
  if (found === undefined) {
    const value = element(leaf('truth'), leaf('prediction'));
    const weight = leaf('weight');
    const sumOf = (name: string, expression: Expression): PointwiseProgram =>
      pointwiseProgram(name, [{ name: 'total', expression, reduce: 'all' }]);
    // Padding may hold anything, NaN included.
    const weighted = sumOf('sumOfWeighted', select(weight, mul(value, weight), 0));
    programs.set(element, (found = { plain: sumOf('sumOfValues', value), weighted }));
  }
  return found;
}

/** Adds up the values of elements that are compared one by one. @throws SHAPE_MISMATCH */
export function sumOfElements(name: string, element: ElementEquation, batch: DeviceBatch): DeviceSum {
  const { shape } = batch.yPred;
  requireEqualShapes(name, seenOf(batch));
  return sumOf(element, tensor(batch.yTrue.data as number[], [sizeOf(shape)]), batch.yPred, shape, name, batch);
}

/** Adds up the values of rows, from their true class and that of their largest score. @throws SHAPE_MISMATCH */
export function sumOfRows(name: string, element: ElementEquation, batch: DeviceBatch): DeviceSum {
  const shape = batch.yPred.shape.slice(0, -1);
  const truth = classOf(name, seenOf(batch));
  const classes = tensor(Float32Array.from({ length: sizeOf(shape) }, (_, row) => truth(row)));
  return sumOf(element, classes, placesOfLargest(batch.yPred), shape, name, batch);
}

function sumOf(
  element: ElementEquation,
  truth: Tensor,
  prediction: Tensor,
  shape: Shape,
  name: string,
  { mask, sampleWeight }: DeviceBatch,
): DeviceSum {
  const size = sizeOf(shape);
  const backend = currentBackend();
  const total = emptyTensor([1]);
  const flat = (one: Tensor): Strided => ({ ...one.viewOn(backend), rowStride: size });
  const isWeighted = mask !== undefined || sampleWeight !== undefined;
  const weightAt = weightsOf(name, { mask, sampleWeight }, shape);
  const weights = isWeighted ? Float64Array.from({ length: size }, (_, i) => weightAt(i)) : undefined;
  const { plain, weighted } = programsOf(element);
  backend.pointwise({
    program: weights === undefined ? plain : weighted,
    rows: 1,
    columns: size,
    inputs: {
      truth: flat(truth),
      prediction: flat(prediction),
      ...(weights && { weight: flat(tensor(weights)) }),
    },
    outputs: { total: { ...total.viewOn(backend), rowStride: 0 } },
  });
  return { total, weight: weights === undefined ? size : weights.reduce((sum, weight) => sum + weight, 0) };
}

/** The same as shapes alone see it. */
function seenOf({ yPred, ...batch }: DeviceBatch): MetricBatch {
  return { ...batch, yPred: { data: [], shape: yPred.shape } };
}
