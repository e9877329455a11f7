import { beforeAll, describe, expect, it } from 'vitest';
import { expectClose } from '../../../test/support/close.js';
import { normals, randomise } from '../../../test/support/random.js';
import { unusualCells } from '../../../test/support/unusual-cells.js';
import type { Cell } from '../../cells/cell.js';
import { sharedFactors } from '../../cells/low-rank.js';
import { libraryCells } from '../../cells/registry.js';
import { RondoError } from '../../errors.js';
import { deserializeModel, serializeModel } from '../../io/checkpoint.js';
import { Bidirectional } from '../../layers/bidirectional.js';
import { Dense } from '../../layers/dense.js';
import { Dropout } from '../../layers/dropout.js';
import { GRU } from '../../layers/gru.js';
import type { Layer } from '../../layers/layer.js';
import { LSTM } from '../../layers/lstm.js';
import { RNN } from '../../layers/rnn.js';
import { Random, setSeed } from '../../random.js';
import * as ops from '../../tensor/index.js';
import type { Variable } from '../../tensor/variable.js';
import { adam } from '../optimizers/adam.js';
import { Sequential } from '../sequential.js';
import { factorize } from './factorize.js';

const [BATCH, TIME, FEATURES, UNITS, RANK] = [3, 5, 7, 9, 2];

/** Two float32 products in place of one, and what five steps make of that. */
const tolerance = 2e-5;

const input = normals([BATCH, TIME, FEATURES], new Random(2));

function weightNamed(model: Layer<unknown>, name: string): Variable | undefined {
  return model.weights.find((weight) => weight.name.endsWith(name));
}

/** Gives the columns of some gates of a kernel a low rank. */
function makeLowRank(kernel: Variable, gates: readonly number[], units: number, random: Random): void {
  const [rows, width] = kernel.shape;
  const values = Float64Array.from(kernel.dataSync());
  const [left, right] = [normals([rows, RANK], random, 0.5), normals([RANK, width], random, 0.5)];
  ops
    .matmul(left, right)
    .dataSync()
    .forEach((value, i) => {
      if (gates.includes(Math.floor((i % width) / units))) values[i] = value;
    });
  kernel.assign(values);
}

async function codeOf(work: () => Promise<unknown>): Promise<string> {
  const error = await work().catch((thrown: unknown) => thrown);
  return error instanceof RondoError ? error.message : String(error);
}

function stack(): Sequential {
  const model = new Sequential(
    [
      new Bidirectional({ layer: new GRU({ units: 4, returnSequences: true, name: 'reader' }), name: 'both' }),
      new Dropout({ rate: 0.2 }),
      new RNN({
        cell: ['lstm', { cell: 'minGRU', units: 6, dropout: 0.1 }],
        units: UNITS,
        returnSequences: true,
        stateful: true,
        name: 'stack',
      }),
      new LSTM({ units: UNITS, projectionUnits: 5, recurrentRegularizer: 'l2', name: 'last' }),
      new Dense({ units: 8, activation: 'tanh', name: 'head' }),
    ],
    { inputShape: [null, FEATURES] },
  );
  randomise(model, new Random(3));
  return model;
}

describe('factorize', () => {
  beforeAll(() => setSeed(1));

  const cells = [...libraryCells, ...unusualCells];
  it.each(cells.map((cell) => [cell.name, cell] as const))(
    'gives the predictions of the model where kernels of %s have that rank already',
    async (_, cell: Cell) => {
      const random = new Random(5, cell.name);
      const model = new Sequential([new RNN({ cell, units: UNITS, inputShape: [null, FEATURES] })]);
      randomise(model, random);
      const gates = cell.gates.map((_gate, i) => i);
      makeLowRank(weightNamed(model, '/kernel')!, gates, UNITS, random);
      const recurrent = weightNamed(model, '/recurrentKernel');
      const factors = cell.recurrent === 'full' ? sharedFactors(cell) : [];
      for (const { gates: own } of factors)
        makeLowRank(
          recurrent!,
          own.map((gate) => cell.gates.indexOf(gate)),
          UNITS,
          random,
        );
      const before = model.apply(input).dataSync();
      const smaller = await factorize(model, { rank: RANK });
      expect(weightNamed(smaller, '/inputProjectionKernel')!.shape).toEqual([FEATURES, RANK]);
      for (const { kernel } of factors) expect(weightNamed(smaller, `/${kernel}Kernel`)!.shape[1]).toBe(RANK);
      expect(smaller.countParams()).toBeLessThan(model.countParams());
      expectClose(smaller.apply(input).dataSync(), before, tolerance, 'predictions');
      expect(model.apply(input).dataSync()).toEqual(before);
    },
  );

  it('comes nearer to the model the higher the rank is', async () => {
    const model = new Sequential([new LSTM({ units: 24, inputShape: [null, FEATURES] })]);
    randomise(model, new Random(7), 0.2);
    const before = model.apply(input).dataSync();
    const distances = [];
    for (const rank of [2, 8, 19]) {
      const after = (await factorize(model, { rank, kernels: ['recurrentKernel'] })).apply(input).dataSync();
      distances.push(Math.hypot(...after.map((value, i) => value - before[i])));
    }
    expect(distances).toEqual([...distances].sort((a, b) => b - a));
    expect(distances[2]).toBeLessThan(distances[0] / 3);
  });

  it('shares a singular value between both factors', async () => {
    const model = new Sequential([new LSTM({ units: UNITS, inputShape: [null, FEATURES] })]);
    randomise(model, new Random(9));
    const smaller = await factorize(model, { rank: 3 });
    const [left, right] = ['/recurrentProjectionKernel', '/recurrentKernel'].map((name) => weightNamed(smaller, name)!);
    const lengths = (squares: Float64Array | Float32Array): number[] => [0, 1, 2].map((i) => squares[i * 3 + i]);
    const ofLeft = ops.matmul(left, left, { transposeA: true }).dataSync() as Float32Array;
    const ofRight = ops.matmul(right, right, { transposeB: true }).dataSync() as Float32Array;
    expectClose(lengths(ofLeft), lengths(ofRight), 1e-5, 'squares of lengths');
  });

  it('goes into wrappers and lists of cells, keeps names and options, and shares what stays', async () => {
    const model = stack();
    const smaller = await factorize(model, { ratio: 0.3 });
    const names = smaller.weights.map(({ name }) => name);
    expect(names.filter((name) => /Projection2?Kernel$/.test(name))).toMatchInlineSnapshot(`
      [
        "both/forward/cell/inputProjectionKernel",
        "both/forward/cell/recurrentProjectionKernel",
        "both/backward/cell/inputProjectionKernel",
        "both/backward/cell/recurrentProjectionKernel",
        "stack/cell0/inputProjectionKernel",
        "stack/cell0/recurrentProjectionKernel",
        "stack/cell1/inputProjectionKernel",
        "last/cell/inputProjectionKernel",
        "last/cell/recurrentProjectionKernel",
      ]
    `);
    expect(weightNamed(smaller, 'head/kernel')).toBe(weightNamed(model, 'head/kernel'));
    const [before, after] = [model, smaller].map((one) => one.layers[2].getConfig());
    expect(after).toMatchObject({ ...before, cell: expect.anything() });
    expect(after.cell).toMatchObject([
      { cell: 'lstm', recurrentRank: 3, kernelRank: 3 },
      { cell: 'minGRU', units: 6, dropout: 0.1, kernelRank: 3 },
    ]);
    expect(smaller.layers[3].getConfig()).toMatchObject({ projectionUnits: 5, recurrentRank: 2 });
    smaller.resetStates();
    const expected = smaller.apply(input).dataSync();
    const loaded = deserializeModel(serializeModel(smaller)).model as Sequential;
    loaded.resetStates();
    expect(loaded.apply(input).dataSync()).toEqual(expected);
  });

  it('is trained on, and can be made smaller once more where kernels are whole', async () => {
    const smaller = await factorize(stack(), { ratio: 0.4, kernels: ['recurrentKernel'] });
    smaller.compile({ optimizer: adam({ learningRate: 0.02 }), loss: 'mse' });
    const y = normals([BATCH, 8], new Random(4), 0.3);
    const { metrics } = await smaller.fit(input, y, { epochs: 15, batchSize: BATCH });
    expect(metrics.loss[14]).toBeLessThan(metrics.loss[0]);
    const again = await factorize(smaller, { ratio: 0.3 });
    expect(again.layers[3].getConfig()).toMatchObject({ recurrentRank: 2, kernelRank: 2 });
    expect(await codeOf(() => factorize(again, { ratio: 0.3 }))).toContain('nothing of the model would become smaller');
  });

  it('makes two of a Dense that is named, and leaves other layers whole', async () => {
    const model = stack();
    makeLowRank(weightNamed(model, 'head/kernel')!, [0], 8, new Random(6));
    const smaller = await factorize(model, { rank: RANK, layers: ['head'] });
    const shapes = smaller.weights
      .map(({ name, shape }) => [name, shape])
      .filter(([name]) => `${name}`.includes('head'));
    expect(shapes).toEqual([
      ['head/headProjection/kernel', [5, RANK]],
      ['head/head/kernel', [RANK, 8]],
      ['head/head/bias', [8]],
    ]);
    expect(smaller.layers[2]).toBe(model.layers[2]);
    model.resetStates();
    const before = model.apply(input).dataSync();
    model.resetStates();
    expectClose(smaller.apply(input).dataSync(), before, tolerance, 'predictions');
  });

  it('says what it cannot do', async () => {
    const model = stack();
    const message = (options: object): Promise<string> => codeOf(() => factorize(model, options as { rank: number }));
    expect(await message({})).toBe(
      '[USAGE] factorize: there is neither a rank nor a ratio.\n' +
        '  fix: give `rank`, the same for every kernel, or `ratio`, a share of its shorter side.',
    );
    expect(await message({ rank: 2, ratio: 0.2 })).toContain('[USAGE] factorize: there is both a rank and a ratio.');
    expect(await message({ ratio: 1 })).toContain('[OUT_OF_RANGE] factorize: `ratio` is out of range.');
    expect(await message({ rank: 0.5 })).toContain('[OUT_OF_RANGE] factorize: `rank` is out of range.');
    expect(await message({ rank: 2, layer: 'last' })).toContain('did you mean `layers`');
    expect(await message({ rank: 2, layers: 'last' })).toContain('`layers` is no list');
    expect(await message({ rank: 2, layers: ['lst'] })).toContain('[UNKNOWN_NAME] factorize: unknown layer `lst`');
    expect(await message({ rank: 2, kernels: ['recurrent'] })).toContain(
      '[UNKNOWN_NAME] factorize: unknown kernel `recurrent`',
    );
    expect(await message({ rank: 8 })).toContain('nothing of the model would become smaller');
    expect(await message({ rank: 2, layers: ['dropout'] })).toBe(
      '[USAGE] factorize: nothing of layer `dropout` (Dropout dropout) would become smaller.\n' +
        '  expected: recurrent layers, or a Dense that is named, whose two kernels have fewer numbers than the one\n' +
        '  fix: give a smaller rank or ratio, or name other layers.',
    );
    const last = weightNamed(model, 'last/cell/kernel')!;
    last.assign(last.dataSync().map((value, i) => (i === 3 ? Number.NaN : value)));
    expect(await message({ rank: 2 })).toBe(
      '[NOT_FINITE] factorize: the weight `last/cell/kernel` is not finite.\n' +
        '  fix: use the weights of an earlier epoch, and train with a lower learning rate or globalClipNorm.',
    );
    expect(await codeOf(() => factorize({ model } as never, { rank: 2 }))).toContain(
      '[USAGE] factorize: this is no model.',
    );
    expect(await codeOf(() => factorize(new Sequential([new LSTM({ units: 3 })]), { rank: 1 }))).toContain(
      'no weights yet',
    );
  });
});
