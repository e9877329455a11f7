import { afterAll, describe, expect, it } from 'vitest';
import { kernelWeight } from '../../src/cells/define-cell.js';
import { type SharedFactor, sharedFactors } from '../../src/cells/low-rank.js';
import { libraryCells } from '../../src/cells/registry.js';
import { type BackendName, backendNames, useBackend } from '../../src/kernels/select.js';
import { createWasmBackend } from '../../src/kernels/wasm/backend.js';
import { RNN } from '../../src/layers/rnn.js';
import { Random, setSeed } from '../../src/random.js';
import * as ops from '../../src/tensor/index.js';
import { valueAndGradients } from '../../src/tensor/tape.js';
import { type Tensor, tensor } from '../../src/tensor/tensor.js';
import { Variable } from '../../src/tensor/variable.js';
import { Sequential } from '../../src/training/sequential.js';
import { expectClose } from '../support/close.js';
import { normals, randomise } from '../support/random.js';
import { threadedBackend } from '../support/threads.js';
import { unusualCells } from '../support/unusual-cells.js';

const [BATCH, TIME, FEATURES, UNITS] = [3, 5, 7, 6];
const kernelRank = 2;
const recurrentRank = 3;

/** Rounding of sums of at most 7 products in 5 steps, of which some are sums of sums. */
const tolerances = { reference: 1e-12, wasm: 2e-5 };

const cells = [...libraryCells, ...unusualCells];
const cellsByName = cells.map((cell) => [cell.name, cell] as const);
const mask = Uint8Array.from([1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1]);

type Cell = (typeof cells)[number];

function ranksOf(cell: Cell): { kernelRank: number; recurrentRank?: number } {
  return cell.recurrent === 'full' ? { kernelRank, recurrentRank } : { kernelRank };
}

function layerOf(cell: Cell, options: object): RNN<true> {
  const layer = new RNN({ cell, units: UNITS, returnSequences: true, ...options, returnState: true });
  layer.ensureBuilt([null, TIME, FEATURES]);
  randomise(layer, new Random(11, cell.name));
  return layer;
}

function weightNamed(layer: RNN<boolean>, name: string): Variable | undefined {
  return layer.weights.find((weight) => weight.name.endsWith(`/${name}`));
}

function product(one: Variable, other: Tensor): Float64Array | Float32Array {
  return ops.matmul(one, other).dataSync();
}

/** `[rows, columns of all gates]` with those of some gates alone, others zeros. */
function columnsOf({ gates }: SharedFactor, cell: Cell, kernel: Variable): Tensor {
  const width = cell.gates.length * UNITS;
  const values = kernel
    .dataSync()
    .map((value, i) => (gates.includes(cell.gates[Math.floor((i % width) / UNITS)]) ? value : 0));
  return tensor(Float64Array.from(values), kernel.shape);
}

/** Gives a layer of whole kernels the products of another's factors. */
function multiplyOut(cell: Cell, low: RNN<boolean>, whole: RNN<boolean>): void {
  const found = (name: string): Variable => weightNamed(low, name)!;
  for (const weight of whole.weights) {
    const name = weight.name.split('/').at(-1)!;
    if (name === 'kernel') weight.assign(product(found('inputProjectionKernel'), found('kernel')));
    else if (name === 'recurrentKernel') {
      const sum = new Float64Array(weight.size);
      for (const factor of sharedFactors(cell))
        product(found(kernelWeight(factor.kernel)), columnsOf(factor, cell, found(name))).forEach((value, i) => {
          sum[i] += value;
        });
      weight.assign(sum);
    } else weight.assign(found(name).dataSync());
  }
}

function run(layer: RNN<true>, input: Tensor, by: readonly Tensor[]): number[][] {
  const { value, gradients } = valueAndGradients(() => {
    setSeed(5);
    const { output, states } = layer.apply(input, { mask, training: true });
    const parts = Object.values(states[0]).map((state) => ops.sum(ops.tanh(state)));
    return parts.reduce((sum, part) => ops.add(sum, part), ops.sum(ops.square(output)));
  }, by);
  return [value, ...gradients].map((result) => [...result.dataSync()]);
}

describe.each(backendNames)('kernels of a low rank on %s', (backend: BackendName) => {
  afterAll(() => void useBackend('wasm'));

  it.each(cellsByName)('of %s are the whole kernels that their factors multiply to', (_, cell) => {
    for (const options of [
      {},
      { recomputeSteps: 2 },
      ...(cell.recurrent === 'full' ? [{ recurrentDropout: 0.4 }] : []),
    ]) {
      useBackend(backend);
      const low = layerOf(cell, { ...ranksOf(cell), ...options });
      const whole = layerOf(cell, options);
      multiplyOut(cell, low, whole);
      const input = new Variable(
        [BATCH, TIME, FEATURES],
        normals([BATCH, TIME, FEATURES], new Random(12)).dataSync(),
        'x',
      );
      const bias = (layer: RNN<boolean>): Tensor => weightNamed(layer, 'bias')!;
      const [ofLow, ofWhole] = [low, whole].map((layer) => run(layer, input, [input, bias(layer)]));
      for (const [i, what] of ['value', 'gradient of the input', 'gradient of the bias'].entries())
        expectClose(ofLow[i], ofWhole[i], 4 * tolerances[backend], what);
    }
  });

  it('do not read what a mask hides', () => {
    useBackend(backend);
    const layer = layerOf(libraryCells[0], { kernelRank, recurrentRank });
    const values = normals([BATCH, TIME, FEATURES], new Random(12)).dataSync();
    const hidden = values.map((value, i) => (mask[Math.floor(i / FEATURES)] === 1 ? value : Number.NaN));
    const [plain, padded] = [values, hidden].map((data) =>
      run(layer, tensor(data, [BATCH, TIME, FEATURES]), layer.weights),
    );
    expect(padded).toEqual(plain);
  });

  it.each(cellsByName)('of %s give in a stream what they give over the whole sequence', (_, cell) => {
    useBackend(backend);
    const model = new Sequential([
      new RNN({ cell, units: UNITS, returnSequences: true, ...ranksOf(cell), inputShape: [null, FEATURES] }),
    ]);
    randomise(model, new Random(41, cell.name));
    const input = normals([1, TIME, FEATURES], new Random(43));
    const stream = model.stream();
    const steps = Array.from({ length: TIME }, (_, t) => [
      ...stream.step(input.dataSync().slice(t * FEATURES, (t + 1) * FEATURES)),
    ]);
    expectClose(steps.flat(), model.apply(input).dataSync(), tolerances[backend], 'steps');
  });
});

it.each(cellsByName)('wasm computes with low ranks of %s what the reference computes', (_, cell) => {
  const [reference, wasm] = (['reference', 'wasm'] as const).map((name) => {
    useBackend(name);
    const layer = layerOf(cell, ranksOf(cell));
    const input = normals([BATCH, TIME, FEATURES], new Random(14));
    return run(layer, input, [input, ...layer.weights]);
  });
  reference.forEach((numbers, i) => expectClose(wasm[i], numbers, 4 * tolerances.wasm, `result ${i}`));
});

/** A batch that is split by rows, and one that could only be split by units. */
it.each([
  { batch: 1, units: 201, rank: 50 },
  { batch: 37, units: 66, rank: 13 },
])('threads change no bit of kernels of a low rank: %o', async ({ batch, units, rank }) => {
  const backends = [createWasmBackend({ threads: 1 }), await threadedBackend(2), await threadedBackend(3)];
  for (const cell of ['lstm', 'gruResetBefore', 'multiplicativeLSTM'] as const) {
    const results = backends.map((backend) => {
      useBackend(backend);
      const layer = new RNN({ cell, units, recurrentRank: rank, kernelRank, returnSequences: true });
      layer.ensureBuilt([null, 11, FEATURES]);
      randomise(layer, new Random(13), 0.1);
      const input = normals([batch, 11, FEATURES], new Random(14));
      const { value, gradients } = valueAndGradients(
        () => ops.mean(ops.square(layer.apply(input))),
        [input, ...layer.weights],
      );
      return [value, ...gradients].map((result) => result.dataSync());
    });
    for (const result of results.slice(1)) expect(result).toEqual(results[0]);
  }
  for (const backend of backends) backend.threads.resize(1);
  useBackend('wasm');
});
