import { describe, expect, it } from 'vitest';
import { softmax } from '../../expression/activations.js';
import {
  add,
  constant,
  div,
  type Expression,
  exp,
  leaf,
  mul,
  rowMax,
  rowSum,
  sigmoid,
  sqrt,
  square,
  sub,
  tanh,
} from '../../expression/build.js';
import { formatExpression } from '../../expression/interpret.js';
import { pointwiseProgram } from '../../expression/program.js';
import { type PointwisePlan, planPointwise } from './pointwise-plan.js';

const x = leaf('x');
const planOf = (...expressions: Expression[]): PointwisePlan =>
  planPointwise(
    pointwiseProgram(
      'plan',
      expressions.map((expression, i) => ({ name: `y${i}`, expression })),
    ),
  );
const texts = (nodes: Iterable<Expression>): string[] => [...nodes].map(formatExpression);

describe('the plan of a pointwise program', () => {
  it('computes the exponentials of a softmax once and keeps them for the last pass', () => {
    const { passes, numCaches } = planOf(softmax(x));
    const exponential = 'exp(sub(x, detach(rowMax(x))))';
    expect(passes.map(({ reductions }) => texts(reductions))).toEqual([['rowMax(x)'], [`rowSum(${exponential})`], []]);
    expect(texts(passes[1].stores.keys())).toEqual([exponential]);
    expect(texts(passes[2].loads.keys())).toEqual([exponential]);
    expect(numCaches).toBe(1);
  });

  it('computes cheap values again rather than keep them', () => {
    const centered = sub(x, div(rowSum(x), 5));
    const { passes, numCaches } = planOf(div(centered, sqrt(rowSum(square(centered)))));
    expect(passes).toHaveLength(3);
    expect(numCaches).toBe(0);
  });

  it('computes once per call what only scalars and constants make, and once per row what rows make', () => {
    const rate = mul(leaf('rate', 'scalar'), 2);
    const weight = add(leaf('weight', 'row'), rate);
    const { uniform, passes } = planOf(mul(x, weight));
    expect(texts(uniform)).toEqual(['rate', '2', 'mul(rate, 2)']);
    expect(texts(passes[0].rowNodes)).toEqual(['weight', 'add(weight, mul(rate, 2))']);
    expect(texts(passes[0].elements)).toEqual(['x', 'mul(x, add(weight, mul(rate, 2)))']);
  });

  it('writes outputs in the last pass alone', () => {
    const { passes } = planOf(tanh(x), rowMax(x));
    expect(passes.map(({ elementOutputs }) => elementOutputs.length)).toEqual([0, 2]);
  });

  it('joins rows only where every array is read and written element by element', () => {
    expect(planOf(sigmoid(x)).canJoinRows).toBe(true);
    expect(planOf(add(x, leaf('bias', 'column'))).canJoinRows).toBe(false);
    expect(planOf(add(x, rowSum(x))).canJoinRows).toBe(false);
    expect(planPointwise(pointwiseProgram('sum', [{ name: 'y', expression: x, reduce: 'all' }])).canJoinRows).toBe(
      true,
    );
    expect(planPointwise(pointwiseProgram('sum', [{ name: 'y', expression: x, reduce: 'rows' }])).canJoinRows).toBe(
      false,
    );
  });

  it('fuses a product with the sum that alone uses it', () => {
    const product = mul(x, leaf('y'));
    const shared = mul(x, x);
    const { fusedProducts } = planOf(
      add(product, leaf('z')),
      sub(1, mul(leaf('y'), leaf('z'))),
      add(shared, 1),
      exp(shared),
    );
    expect(texts(fusedProducts)).toEqual(['mul(x, y)', 'mul(y, z)']);
  });

  it('does not take exponential time where nodes are shared again and again', () => {
    let node: Expression = x;
    for (let i = 0; i < 200; i++) node = add(mul(node, node), constant(i));
    expect(planOf(node).passes).toHaveLength(1);
  });
});
