import { describe, expect, it } from 'vitest';
import { messageOf } from '../../test/support/central-differences.js';
import { add, constant, div, exp, greater, leaf, mul, rowMax, rowSum, select, sub, tanh } from './build.js';
import { formatExpression } from './interpret.js';
import { type OutputRequest, pointwiseProgram } from './program.js';

const x = leaf('x');
const bias = leaf('bias', 'column');
const rate = leaf('rate', 'scalar');
const keyOf = (...outputs: OutputRequest[]): string => pointwiseProgram('test', outputs).key;

describe('pointwiseProgram', () => {
  it('lists what it reads in first-use order, numbers apart from arrays', () => {
    const program = pointwiseProgram('update', [
      { name: 'y', expression: add(mul(rate, bias), x) },
      { name: 'z', expression: mul(leaf('w', 'row'), x) },
    ]);
    expect(program.inputs).toEqual([bias, x, leaf('w', 'row')]);
    expect(program.scalars).toEqual(['rate']);
    expect(program.outputs.map(({ name, reduce, accumulate }) => [name, reduce, accumulate])).toEqual([
      ['y', 'none', false],
      ['z', 'none', false],
    ]);
  });

  it('simplifies outputs together, so that what they share is one node', () => {
    const { outputs } = pointwiseProgram('shared', [
      { name: 'y', expression: tanh(add(x, bias)) },
      { name: 'z', expression: mul(tanh(add(bias, x)), 1) },
    ]);
    expect(outputs[0].expression).toBe(outputs[1].expression);
    expect(pointwiseProgram('dropped', [{ name: 'y', expression: add(mul(bias, 0), x) }]).inputs).toEqual([x]);
  });

  it('has the same key where it computes the same, whatever its name', () => {
    const request = (): OutputRequest => ({
      name: 'y',
      expression: select(greater(x, 0), x, mul(rate, sub(exp(x), 1))),
    });
    expect(keyOf(request())).toBe(keyOf(request()));
    expect(pointwiseProgram('other', [request()]).key).toBe(keyOf(request()));
  });

  it('has another key wherever something differs', () => {
    const y = (expression = add(x, bias), rest: Partial<OutputRequest> = {}): OutputRequest => ({
      name: 'y',
      expression,
      ...rest,
    });
    const programs: OutputRequest[][] = [
      [y()],
      [y(sub(x, bias))],
      [y(sub(bias, x))],
      [y(add(x, leaf('bias')))],
      [y(add(x, leaf('bias', 'row')))],
      [y(add(x, leaf('bias', 'scalar')))],
      [y(add(x, leaf('scale', 'column')))],
      [y(add(x, 1))],
      [y(add(x, 2))],
      [y(div(x, constant(0)))],
      [y(div(x, constant(-0)))],
      [y(rowSum(add(x, bias)))],
      [y(rowMax(add(x, bias)))],
      [y(undefined, { accumulate: true })],
      [y(undefined, { reduce: 'rows' })],
      [y(undefined, { reduce: 'columns' })],
      [y(undefined, { reduce: 'all' })],
      [y(undefined, { reduce: 'all', accumulate: true })],
      [y(), { name: 'z', expression: x }],
      [{ name: 'z', expression: x }, y()],
      [y(undefined, { name: 'z' })],
      [y(select(x, x, bias))],
      [y(select(bias, x, bias))],
    ];
    const keys = programs.map((outputs) => keyOf(...outputs));
    keys.forEach((key, i) =>
      expect(
        programs
          .slice(0, i)
          .filter((_, j) => keys[j] === key)
          .map((same) => formatExpression(same[0].expression)),
        key,
      ).toEqual([]),
    );
  });

  it('refuses two outputs of one name, and a value per row that is none', () => {
    expect(
      messageOf(() =>
        pointwiseProgram('mine', [
          { name: 'y', expression: x },
          { name: 'y', expression: bias },
        ]),
      ),
    ).toBe('[USAGE] program mine: two outputs are named `y`.\n  fix: name each output once.');
    expect(
      messageOf(() => pointwiseProgram('mine', [{ name: 'y', expression: add(x, rowSum(x)), reduce: 'perRow' }])),
    ).toBe('[INTERNAL] program mine: output `y` is not one value per row.');
    expect(() =>
      pointwiseProgram('mine', [{ name: 'y', expression: mul(rate, rowSum(x)), reduce: 'perRow' }]),
    ).not.toThrow();
  });
});
