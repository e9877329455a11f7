import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectClose } from '../../test/support/close.js';
import { normals } from '../../test/support/random.js';
import { planCell } from '../cells/plan.js';
import { cellNamed } from '../cells/registry.js';
import { backendNames, useBackend } from '../kernels/select.js';
import { Random } from '../random.js';
import * as ops from './index.js';
import { type RecurrentResult, recurrent } from './recurrent.js';
import type { RecurrentArguments } from './recurrent-arguments.js';
import { valueAndGradients } from './tape.js';
import { type Tensor, tensor } from './tensor.js';

/** F features, U units. */
const [F, U] = [7, 5];
const random = new Random(109);
const weights = {
  kernel: normals([F, 4 * U], random),
  recurrentKernel: normals([U, 4 * U], random),
  bias: normals([4 * U], random),
};

function run(input: Tensor, hidden: Tensor, options: Partial<RecurrentArguments> = {}): RecurrentResult {
  return recurrent({
    plan: planCell(cellNamed('lstm')),
    units: U,
    input,
    initialStates: { hidden, cell: ops.mul(hidden, 0.5) },
    ...weights,
    vectors: {},
    masks: {},
    scalars: {},
    reverse: false,
    outputOrder: 'time',
    returnSequences: true,
    training: true,
    ...options,
  });
}

describe.each(backendNames)('a recurrent layer on %s', (backend) => {
  beforeEach(() => void useBackend(backend));
  afterEach(() => void useBackend('wasm'));
  const by = (input: Tensor, hidden: Tensor): Tensor[] => [input, hidden, ...Object.values(weights)];
  const numbersOf = (tensors: readonly Tensor[]): number[] => tensors.flatMap((x) => [...x.dataSync()]);

  it('over an empty batch gives empty results, and zeros as derivatives of its weights', () => {
    const [input, hidden] = [tensor([], [0, 3, F]), tensor([], [0, U])];
    expect(run(input, hidden).output.shape).toEqual([0, 3, U]);
    expect(run(input, hidden, { returnSequences: false }).output.shape).toEqual([0, U]);
    const { value, gradients } = valueAndGradients(() => ops.sum(run(input, hidden).output), by(input, hidden));
    expect(value.item()).toBe(0);
    expect(gradients.map(({ shape }) => shape)).toEqual([[0, 3, F], [0, U], [F, 4 * U], [U, 4 * U], [4 * U]]);
    expect(numbersOf(gradients).every((number) => number === 0)).toBe(true);
  });

  it.each([
    ['no steps', [3, 0, F], undefined],
    ['steps that are all masked', [3, 2, F], new Uint8Array(6)],
  ])('over %s gives its initial state back, and its gradient', (_, shape, mask) => {
    const [input, hidden] = [
      tensor(new Float64Array(shape[0] * shape[1] * F).fill(NaN), shape),
      normals([3, U], random),
    ];
    const { output, finalStates } = run(input, hidden, { mask });
    expectClose(finalStates.hidden.dataSync(), hidden.dataSync(), 1e-7, 'hidden');
    expectClose(finalStates.cell.dataSync(), ops.mul(hidden, 0.5).dataSync(), 1e-7, 'cell');
    expect(output.shape).toEqual([3, shape[1], U]);
    expect(
      numbersOf([output, run(input, hidden, { mask, returnSequences: false }).output]).every((number) => number === 0),
    ).toBe(true);
    const loss = (): Tensor => {
      const result = run(input, hidden, { mask, returnSequences: false });
      return ops.sum(
        ops.add(ops.mul(result.finalStates.hidden, 3), ops.add(ops.mul(result.finalStates.cell, 10), result.output)),
      );
    };
    const { gradients } = valueAndGradients(loss, by(input, hidden));
    expect([...gradients[1].dataSync()]).toEqual(new Array(3 * U).fill(8));
    expect(numbersOf(gradients.filter((_, i) => i !== 1)).every((number) => number === 0)).toBe(true);
  });

  it('keeps what a derivative needs although it does not train', () => {
    const [input, hidden] = [normals([3, 5, F], random), normals([3, U], random)];
    const gradientsOf = (training: boolean): Tensor[] =>
      valueAndGradients(() => ops.sum(ops.square(run(input, hidden, { training }).output)), by(input, hidden))
        .gradients;
    const expected = gradientsOf(true);
    gradientsOf(false).forEach((gradient, i) => expect(gradient.array()).toEqual(expected[i].array()));
  });

  it('passes no gradient to a mask: masks are data', () => {
    const [input, hidden] = [normals([3, 5, F], random), normals([3, U], random)];
    const dropped = tensor(
      Float64Array.from({ length: 3 * U }, (_, i) => (i % 3 === 0 ? 0 : 1.5)),
      [3, U],
    );
    const plan = planCell(cellNamed('lstm'), { recurrentDropout: true });
    const { gradients } = valueAndGradients(
      () => ops.sum(run(input, hidden, { plan, masks: { 'mask.recurrent': dropped } }).output),
      [dropped, hidden],
    );
    expect([...gradients[0].dataSync()]).toEqual(new Array(3 * U).fill(0));
    expect(numbersOf([gradients[1]]).some((number) => number !== 0)).toBe(true);
  });

  it('gives the same at each call: the packing it remembers is not written to', () => {
    const [input, hidden] = [normals([3, 5, F], random), normals([3, U], random)];
    const step = (options: Partial<RecurrentArguments>): number[] => {
      const { value, gradients } = valueAndGradients(
        () => ops.sum(ops.square(run(input, hidden, options).output)),
        by(input, hidden),
      );
      return numbersOf([value, ...gradients]);
    };
    for (const options of [
      {},
      { reverse: true },
      { reverse: true, outputOrder: 'computed' },
      { returnSequences: false },
    ] as const)
      expect(step(options)).toEqual(step(options));
  });
});
