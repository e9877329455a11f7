import { afterEach, describe, expect, it } from 'vitest';
import { normals } from '../../test/support/random.js';
import { backendNames, useBackend } from '../kernels/select.js';
import { Random } from '../random.js';
import { gatherTensor } from './gather.js';
import * as ops from './index.js';
import { RowGradient } from './row-gradient.js';
import { valueAndGradients } from './tape.js';
import { scope, type Tensor } from './tensor.js';
import { Variable } from './variable.js';

afterEach(() => void useBackend('wasm'));

const [R, C] = [11, 5];
const first = Int32Array.of(7, 2, -1, 7, 0, 7);
const second = Int32Array.of(2, 10, 2);

/** The same gradient by a tensor that an operation computed, which is whole. */
function wholeGradient(table: Variable, loss: (rows: Tensor) => Tensor): ArrayLike<number> {
  return valueAndGradients(() => loss(ops.mul(table, 1)), [table]).gradients[0].dataSync();
}

const rowsOf = (table: Tensor, indices: Int32Array): Tensor => gatherTensor(table, [indices.length, C], C, indices);
const once = (table: Tensor): Tensor =>
  ops.sum(ops.mul(ops.square(rowsOf(table, first)), normals([6, C], new Random(2))));
const twice = (table: Tensor): Tensor => ops.add(once(table), ops.sum(ops.exp(rowsOf(table, second))));
const withAll = (table: Tensor): Tensor => ops.add(ops.add(once(table), ops.sum(ops.tanh(table))), twice(table));

describe.each(backendNames)('the gradient of rows on %s', (backend) => {
  const table = (): Variable => {
    useBackend(backend);
    return new Variable([R, C], normals([R, C], new Random(1)).dataSync(), 'table');
  };

  it.each<[string, (rows: Tensor) => Tensor, number[] | undefined]>([
    ['holds each row that was read once', once, [0, 2, 7]],
    ['of two readings holds the rows of both', twice, [0, 2, 7, 10]],
    ['added to a whole gradient is whole', withAll, undefined],
  ])('%s', (_, loss, indices) => {
    const own = table();
    const expected = wholeGradient(own, loss);
    const { gradients } = valueAndGradients(() => loss(own), [own]);
    expect(gradients[0] instanceof RowGradient ? [...gradients[0].indices] : undefined).toEqual(indices);
    expect([...gradients[0].dataSync()].map((x) => x + 0)).toEqual([...(expected as Float32Array)].map((x) => x + 0));
  });

  it('added to a whole gradient changes no other operand of the sum', () => {
    const own = table();
    const other = new Variable([R, C], normals([R, C], new Random(3)).dataSync(), 'other');
    const { gradients } = valueAndGradients(() => {
      const read = rowsOf(own, first);
      return ops.add(ops.sum(ops.add(own, other)), ops.sum(read));
    }, [own, other]);
    expect([...gradients[1].dataSync()]).toEqual(new Array(R * C).fill(1));
    expect([...gradients[0].dataSync()].slice(7 * C, 7 * C + 1)).toEqual([4]);
  });

  it('is a tensor like others, in its step and after it', () => {
    const own = table();
    const inStep = scope(() => ops.mul(valueAndGradients(() => once(own), [own]).gradients[0], 2));
    const { gradients } = valueAndGradients(() => once(own), [own]);
    for (let i = 0; i < 2; i++) expect([...ops.mul(gradients[0], 2).dataSync()]).toEqual([...inStep.dataSync()]);
    expect(ops.reshape(gradients[0], [C, R]).dataSync()).toEqual(gradients[0].dataSync());
  });

  it('of no rows is zero', async () => {
    const own = table();
    const { gradients } = valueAndGradients(() => ops.sum(rowsOf(own, Int32Array.of(-1, -1))), [own]);
    expect([...(await gradients[0].data())]).toEqual(new Array(R * C).fill(0));
  });
});
