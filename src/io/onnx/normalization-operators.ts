import { describeShape, sizeOf } from '../../shape.js';
import * as ops from '../../tensor/index.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { OnnxValue } from './onnx-values.js';
import type { Operator, OperatorCall } from './operator.js';

/** Operators that bring numbers to a mean of 0, a variance of 1 or a length of 1. */
export const normalizationOperators: Readonly<Record<string, Operator>> = {
  LayerNormalization: { attributes: ['axis', 'epsilon', 'stash_type'], inputs: [2, 3], run: layerNormalization },
  RMSNormalization: {
    attributes: ['axis', 'epsilon', 'stash_type'],
    inputs: [2, 2],
    run: (call) => [rootMeanSquareNormalization(call)],
  },
  BatchNormalization: {
    attributes: ['epsilon', 'momentum', 'spatial', 'training_mode'],
    inputs: [5, 5],
    check(node) {
      if (node.integer('training_mode', 0) !== 0)
        throw node.fault('it is to be run in training mode.', 'training_mode 0', '1');
    },
    run: (call) => [batchNormalization(call)],
  },
  InstanceNormalization: { attributes: ['epsilon'], inputs: [3, 3], run: (call) => [groupNormalization(call)] },
  GroupNormalization: {
    attributes: ['epsilon', 'num_groups', 'stash_type'],
    inputs: [3, 3],
    run: (call) => [groupNormalization(call)],
  },
  LpNormalization: {
    attributes: ['axis', 'p'],
    inputs: [1, 1],
    run: (call) => [lengthNormalization(call)],
  },
};

function epsilonOf({ node }: OperatorCall): number {
  return node.attribute('epsilon', 'FLOAT') ?? 1e-5;
}

/** Each row without its mean, and 1 / its standard deviation. */
function centredRows(rows: Tensor, epsilon: number): { mean: Tensor; centred: Tensor; factor: Tensor } {
  const one = [...rows.shape.slice(0, -1), 1];
  const mean = ops.reshape(ops.mean(rows, -1), one);
  const centred = ops.sub(rows, mean);
  const variance = ops.reshape(ops.mean(ops.square(centred), -1), one);
  return { mean, centred, factor: ops.div(1, ops.sqrt(ops.add(variance, epsilon))) };
}

/** The axes from the given one on, as one row each. */
function rowsFromAxis(call: OperatorCall, x: Tensor): { rows: Tensor; kept: number[] } {
  const axis = call.axis(call.node.integer('axis', -1), x.shape.length);
  const row = x.shape.slice(axis);
  const outer = x.shape.slice(0, axis);
  return { rows: ops.reshape(x, [sizeOf(outer), sizeOf(row)]), kept: [...outer, ...row.map(() => 1)] };
}

/** Its other outputs are the mean of each row and 1 / its standard deviation. */
function layerNormalization(call: OperatorCall): OnnxValue[] {
  const x = call.tensor(0);
  const { rows, kept } = rowsFromAxis(call, x);
  const { mean, centred, factor } = centredRows(rows, epsilonOf(call));
  const normal = ops.mul(ops.reshape(ops.mul(centred, factor), x.shape), call.tensor(1));
  const shift = call.optional(2);
  const result = shift === undefined ? normal : ops.add(normal, call.tensor(2));
  return [result, ops.reshape(mean, kept), ops.reshape(factor, kept)];
}

function rootMeanSquareNormalization(call: OperatorCall): OnnxValue {
  const x = call.tensor(0);
  const { rows } = rowsFromAxis(call, x);
  const size = ops.reshape(ops.mean(ops.square(rows), -1), [rows.shape[0], 1]);
  return ops.mul(ops.reshape(ops.div(rows, ops.sqrt(ops.add(size, epsilonOf(call)))), x.shape), call.tensor(1));
}

/** Numbers of the features, to be broadcast over what comes behind these. */
function alongFeatures(value: Tensor, x: Tensor): Tensor {
  return ops.reshape(value, [value.size, ...new Array<number>(Math.max(0, x.shape.length - 2)).fill(1)]);
}

/** In prediction, with the statistics of the file. */
function batchNormalization(call: OperatorCall): OnnxValue {
  const x = call.tensor(0);
  const [scale, shift, mean, variance] = [1, 2, 3, 4].map((at) => alongFeatures(call.tensor(at), x));
  const factor = ops.div(scale, ops.sqrt(ops.add(variance, epsilonOf(call))));
  return ops.add(ops.mul(ops.sub(x, mean), factor), shift);
}

/** Over groups of features and all places; an InstanceNormalization has one of the features in each. */
function groupNormalization(call: OperatorCall): OnnxValue {
  const { node } = call;
  const x = call.tensor(0);
  const [batch, features] = x.shape;
  const groups = node.operator === 'GroupNormalization' ? node.integer('num_groups', 0) : features;
  if (x.shape.length < 3 || !(groups >= 1 && features % groups === 0))
    throw node.fault(
      'the groups do not fit the input.',
      '[batch, features, ...]',
      describeShape(x.shape),
      'SHAPE_MISMATCH',
    );
  const { centred, factor } = centredRows(ops.reshape(x, [batch * groups, x.size / (batch * groups)]), epsilonOf(call));
  const normal = ops.reshape(ops.mul(centred, factor), x.shape);
  // Before version 21 there was one number for each group.
  const each = (value: Tensor): Tensor =>
    value.size === features
      ? value
      : ops.reshape(ops.expand(ops.reshape(value, [groups, 1]), [groups, features / groups]), [features]);
  const [scale, shift] = [1, 2].map((at) => alongFeatures(each(call.tensor(at)), x));
  return ops.add(ops.mul(normal, scale), shift);
}

function lengthNormalization(call: OperatorCall): OnnxValue {
  const x = call.tensor(0);
  const axis = call.axis(call.node.integer('axis', -1), x.shape.length);
  const kept = x.shape.map((size, i) => (i === axis ? 1 : size));
  const isEuclidean = call.node.integer('p', 2) === 2;
  const total = ops.sum(isEuclidean ? ops.square(x) : ops.abs(x), axis);
  return ops.div(x, ops.reshape(isEuclidean ? ops.sqrt(total) : total, kept));
}
