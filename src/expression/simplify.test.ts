import { describe, expect, it } from 'vitest';
import { add, constant, div, leaf, mul, neg, round, select, sigmoid, sub, tanh, topologicalOrder } from './build.js';
import { formatExpression } from './interpret.js';
import { Simplifier, simplifyAll } from './simplify.js';

const x = leaf('x');
const y = leaf('y');
const simple = (root: Parameters<typeof formatExpression>[0]): string => formatExpression(simplifyAll([root])[0]);

describe('simplify', () => {
  it('folds constants', () => {
    expect(simple(add(mul(2, 3), constant(4)))).toBe('10');
    expect(simple(select(1, x, y))).toBe('x');
  });

  it('drops what changes nothing', () => {
    expect(simple(add(mul(x, 1), 0))).toBe('x');
    expect(simple(sub(div(x, 1), mul(0, y)))).toBe('x');
    expect(simple(neg(neg(x)))).toBe('x');
    expect(simple(sub(0, x))).toBe('neg(x)');
  });

  it('keeps a rounding of what is not known, and folds one of a constant', () => {
    expect(simple(round(mul(round(x), 1)))).toBe('round(round(x))');
    expect(simple(sub(x, round(x)))).toBe('sub(x, round(x))');
    expect(simple(round(2.5))).toBe('2');
  });

  it('does not take -0 for 0 where they differ', () => {
    const [plus, minus] = simplifyAll([div(1, constant(0)), div(1, constant(-0))]);
    expect([formatExpression(plus), formatExpression(minus)]).toEqual(['Infinity', '-Infinity']);
  });

  it('computes equal subexpressions once, in either order of a commutative operation', () => {
    const [a, b] = simplifyAll([tanh(add(mul(x, y), 1)), sigmoid(add(1, mul(y, x)))]);
    const shared = topologicalOrder([a, b]);
    expect(shared.filter((node) => node.kind === 'binary')).toHaveLength(2);
  });

  it('keeps a node that is simple already, so that it can be recognised', () => {
    const simplifier = new Simplifier();
    const first = simplifier.simplify(add(x, tanh(y)));
    expect(simplifier.simplify(mul(first, 1))).toBe(first);
  });

  it('puts a leaf in the place of a stored value', () => {
    const kept = simplifyAll([sigmoid(x)])[0];
    const simplifier = new Simplifier((node) => (node === kept ? leaf('kept') : undefined));
    expect(formatExpression(simplifier.simplify(mul(kept, sub(1, kept))))).toBe('mul(kept, sub(1, kept))');
  });
});
