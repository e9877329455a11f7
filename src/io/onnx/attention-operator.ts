import * as e from '../../expression/build.js';
import { describeShape } from '../../shape.js';
import * as ops from '../../tensor/index.js';
import { applyPointwise, type PointwiseFunction } from '../../tensor/pointwise.js';
import { type Tensor, tensor } from '../../tensor/tensor.js';
import type { OnnxNode } from './onnx-node.js';
import { asTensor, type OnnxValue, WholeNumbers } from './onnx-values.js';
import type { Operator, OperatorCall } from './operator.js';
import { requirePossible } from './value-movement.js';

/** Scaled dot-product attention of several heads, of version 23. */
export const attentionOperators: Readonly<Record<string, Operator>> = {
  Attention: {
    attributes: [
      'is_causal',
      'kv_num_heads',
      'q_num_heads',
      'qk_matmul_output_mode',
      'scale',
      'softcap',
      'softmax_precision',
    ],
    inputs: [3, 6],
    check,
    // Queries meet each key twice: in their scores, and in what these weigh.
    work: (call, [, keys]) => 2 * call.value(0).size * ((keys as OnnxValue | undefined)?.shape.at(-2) ?? 1),
    run: attention,
  },
};

function check(node: OnnxNode): void {
  if (node.outputs[3]) throw node.fault('the products of queries and keys are wanted.', 'at most three outputs', '4');
  if (node.integer('is_causal', 0) !== 0 && node.inputs[4])
    throw node.fault('`is_causal` with earlier keys is not run.', 'one of both', 'both');
}

/** `[batch, heads, time, depth]`, of one that may have the heads side by side in its last axis. */
function withHeads(call: OperatorCall, at: number, attribute: string): Tensor {
  const value = call.tensor(at);
  const [batch, time, width] = value.shape;
  if (value.shape.length === 4) return value;
  const heads = call.node.integer(attribute, 0);
  if (value.shape.length === 3 && heads >= 1 && width % heads === 0)
    return ops.transpose(ops.reshape(value, [batch, time, heads, width / heads]), [0, 2, 1, 3]);
  const expected = `[batch, heads, time, depth], or [batch, time, ...] with \`${attribute}\``;
  throw call.node.fault(`input ${at} has the wrong shape.`, expected, describeShape(value.shape), 'SHAPE_MISMATCH');
}

/** Numbers of fewer heads, each for several that ask. */
function repeatedHeads(value: Tensor, heads: number): Tensor {
  const [batch, own, time, depth] = value.shape;
  if (own === heads) return value;
  const each = ops.expand(ops.reshape(value, [batch, own, 1, time, depth]), [batch, own, heads / own, time, depth]);
  return ops.reshape(each, [batch, heads, time, depth]);
}

const least = -1e30;

/** Scores where there is no 0 in the mask, and otherwise a number whose exponential is 0. */
const seen: PointwiseFunction = { name: 'onnx.Attention.seen', build: ([mask, x]) => e.select(mask, x, least) };

function attention(call: OperatorCall): (OnnxValue | undefined)[] {
  const { node } = call;
  const query = withHeads(call, 0, 'q_num_heads');
  const join = (at: number, now: Tensor): Tensor =>
    call.optional(at) === undefined ? now : ops.concatenate([call.tensor(at), now], 2);
  const key = join(4, withHeads(call, 1, 'kv_num_heads'));
  const value = join(5, withHeads(call, 2, 'kv_num_heads'));
  const [batch, heads, queries, depth] = query.shape;
  const [, ownHeads, keys, keyDepth] = key.shape;
  if (keyDepth !== depth || value.shape[1] !== ownHeads || value.shape[2] !== keys || heads % ownHeads !== 0) {
    const received = [query, key, value].map(({ shape }) => describeShape(shape)).join(', ');
    throw node.fault('queries, keys and values do not fit together.', undefined, received, 'SHAPE_MISMATCH');
  }
  requirePossible(call, [batch, heads, queries, keys]);
  const scale = node.attribute('scale', 'FLOAT') ?? 1 / Math.sqrt(depth);
  const products = ops.matmul(query, repeatedHeads(key, heads), { transposeB: true });
  const scores = limited(ops.mul(products, scale), node.attribute('softcap', 'FLOAT') ?? 0);
  const weights = ops.softmax(masked(call, scores, queries, keys));
  const attended = ops.matmul(weights, repeatedHeads(value, heads));
  const [, , , width] = attended.shape;
  const isFlat = call.value(0).shape.length === 3;
  const output = isFlat
    ? ops.reshape(ops.transpose(attended, [0, 2, 1, 3]), [batch, queries, heads * width])
    : attended;
  return [output, key, value];
}

function limited(scores: Tensor, softcap: number): Tensor {
  return softcap > 0 ? ops.mul(ops.tanh(ops.mul(scores, 1 / softcap)), softcap) : scores;
}

/** A mask of truth values says what is seen; one of floats is added. */
function masked(call: OperatorCall, scores: Tensor, queries: number, keys: number): Tensor {
  let result = scores;
  const mask = call.optional(3);
  if (mask instanceof WholeNumbers) result = applyPointwise(seen, [asTensor(mask), result]);
  else if (mask !== undefined) result = ops.add(result, mask);
  if (call.node.integer('is_causal', 0) === 0) return result;
  const before = Float64Array.from({ length: queries * keys }, (_, i) => Number(i % keys <= Math.floor(i / keys)));
  return applyPointwise(seen, [tensor(before, [queries, keys]), result]);
}
