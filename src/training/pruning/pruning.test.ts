import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostWeights } from '../../../test/support/host-weights.js';
import { unusualCells } from '../../../test/support/unusual-cells.js';
import type { Cell } from '../../cells/cell.js';
import { libraryCells } from '../../cells/registry.js';
import { deserializeModel, loadWeights, serializeModel } from '../../io/checkpoint.js';
import { useBackend } from '../../kernels/select.js';
import { Bidirectional } from '../../layers/bidirectional.js';
import type { Constraint } from '../../layers/constraints.js';
import { Dense } from '../../layers/dense.js';
import { GRU } from '../../layers/gru.js';
import { LSTM } from '../../layers/lstm.js';
import { RNN } from '../../layers/rnn.js';
import { Random, setSeed } from '../../random.js';
import { Variable } from '../../tensor/variable.js';
import { AverageCheckpoints } from '../callbacks/average-checkpoints.js';
import type { Callback } from '../callbacks/callback.js';
import { SwapEMAWeights } from '../callbacks/swap-ema-weights.js';
import type { Model } from '../model.js';
import { variablesOf } from '../model-weights.js';
import { averagedSGD, optimizerNamed, optimizerNames } from '../optimizers/index.js';
import { Sequential } from '../sequential.js';
import type { TrainingSnapshot } from '../snapshot.js';
import { keepZeros, prune, releaseZeros } from './prune.js';
import { Pruning } from './pruning.js';
import { sparsityReport } from './sparsity-report.js';

const draw = new Random(3);
const x = Array.from({ length: 15 }, () =>
  Array.from({ length: 5 }, () => Array.from({ length: 7 }, () => draw.normal())),
);
const y = x.map((steps) => [steps[1][2] - steps[4][0]]);

const constrainedByUser: Constraint = {
  name: 'shifted',
  getConfig: () => ({ name: 'shifted', config: {} }),
  apply: (weight) => weight.assign(weight.dataSync().map((value) => value + 0.01)),
};

function compiled(optimizer: Parameters<Model['compile']>[0]['optimizer'], options: object = {}): Sequential {
  setSeed(41);
  const model = new Sequential([new LSTM({ units: 5, ...options }), new Dense({ units: 1 })], { inputShape: [5, 7] });
  model.compile({ optimizer, loss: 'meanSquaredError' });
  return model;
}

/** Weights whose mask is a tensor, by name. */
function masked(model: Model): [name: string, weight: Variable, mask: Variable][] {
  return [...variablesOf(model)].flatMap(([name, weight]) =>
    weight.mask instanceof Variable ? [[name, weight, weight.mask] as [string, Variable, Variable]] : [],
  );
}

/** After each step: how many weights are pruned; fails where one of them is not exactly 0. */
function watching(model: Model, counts: number[]): Callback {
  return {
    onBatchEnd: () => {
      let numPruned = 0;
      for (const [name, weight, mask] of masked(model)) {
        const values = weight.dataSync();
        mask.dataSync().forEach((kept, i) => {
          if (kept !== 0) return;
          numPruned++;
          if (!Object.is(values[i], 0)) throw new Error(`${name}[${i}] is ${values[i]}`);
        });
      }
      counts.push(numPruned);
    },
  };
}

const pruning = (others: object = {}): Pruning =>
  new Pruning({ sparsity: 0.8, block: [2, 1], from: 1, to: 4, every: 1, ...others });

describe.each(['reference', 'wasm'] as const)('a pruned weight on %s', (backend) => {
  beforeAll(() => void useBackend(backend));
  afterAll(() => void useBackend('wasm'));

  const forms = [{}, { weightDecay: 0.1 }, { useEMA: true, globalClipNorm: 0.1 }, { gradientAccumulationSteps: 3 }];
  it.each(
    optimizerNames.flatMap((name) =>
      forms.slice(0, backend === 'wasm' ? 4 : 1).map((form) => [name, form] as [string, object]),
    ),
  )('is 0 after every step of %s %j', async (name, form) => {
    if (name === 'averagedSGD' && 'useEMA' in form) return;
    const learningRate = name === 'adadelta' ? 1 : 0.03;
    const model = compiled(optimizerNamed({ name, config: { learningRate, ...form } } as never));
    const counts: number[] = [];
    await model.fit(x, y, { epochs: 4, batchSize: 5, callbacks: [pruning(), watching(model, counts)] });
    expect(counts).toHaveLength(12);
    // Of 12 panels each: 7 inputs and 5 units, of which each panel keeps 1.
    expect(counts.slice(3)).toEqual(Array(9).fill(20 * 6 + 20 * 4));
    // What is remembered of it is 0 as well.
    for (const [weightName, , mask] of masked(model))
      for (const slot of model.optimizer.stateVariables().filter(({ name: n }) => n.endsWith(`/${weightName}`))) {
        const values = slot.dataSync();
        mask.dataSync().forEach((kept, i) => kept === 0 && expect(Object.is(values[i], 0)).toBe(true));
      }
  });

  it('is 0 under momentum and every constraint', async () => {
    for (const constraint of ['maxNorm', 'unitNorm', 'nonNeg', 'minMaxNorm', constrainedByUser]) {
      const model = compiled(
        { name: 'sgd', config: { learningRate: 0.1, momentum: 0.9, nesterov: true } },
        { kernelConstraint: constraint, recurrentConstraint: constraint },
      );
      const counts: number[] = [];
      await model.fit(x, y, { epochs: 4, batchSize: 5, callbacks: [pruning(), watching(model, counts)] });
      expect(counts.at(-1)).toBe(200);
    }
  });

  it('is 0 in averages: of the optimizer, and of epochs before it was pruned', async () => {
    const cases: [Parameters<Model['compile']>[0]['optimizer'], () => Callback][] = [
      [{ name: 'adam', config: { learningRate: 0.03, useEMA: true, emaMomentum: 0.9 } }, () => new SwapEMAWeights()],
      ['rmsprop', () => new AverageCheckpoints({ numCheckpoints: 4 })],
      [averagedSGD({ learningRate: 0.1, lambd: 0, t0: 0 }), () => new SwapEMAWeights()],
    ];
    for (const [optimizer, averaging] of cases) {
      const model = compiled(optimizer);
      const counts: number[] = [];
      const validated: Callback = {
        name: 'validated',
        onValidationBegin: () => watching(model, counts).onBatchEnd!(undefined as never, undefined as never),
      };
      const callbacks = [pruning({ from: 2, to: 8, every: 2 }), averaging(), validated];
      await model.fit(x, y, { epochs: 4, batchSize: 5, validationData: [x, y], callbacks });
      expect(counts.slice(2)).toEqual([200, 200]);
      watching(model, counts).onBatchEnd!(undefined as never, undefined as never);
      expect((await sparsityReport(model)).layers[0].numKept).toBe(20 * 1 + 20 * 1);
    }
  });

  it('has a gradient that counts nothing for clipping', async () => {
    const model = compiled({ name: 'sgd', config: { learningRate: 1, globalClipNorm: 1e-3 } });
    await prune(model, { sparsity: 0.8, block: [2, 1] });
    const before = hostWeights(model);
    await model.fit(x, y, { batchSize: 15, epochs: 1 });
    let change = 0;
    for (const [name, { data }] of Object.entries(hostWeights(model)))
      for (let i = 0; i < data.length; i++) change += (data[i] - before[name].data[i]) ** 2;
    // The step is as long as it may be, though only kept weights move.
    expect(Math.sqrt(change)).toBeCloseTo(1e-3, 6);
  });
});

describe('pruning while training', () => {
  it.each([...libraryCells, ...unusualCells].map((cell) => [cell.name, cell] as [string, Cell]))(
    'knows the kernels of any cell: %s',
    async (_, cell) => {
      setSeed(5);
      const model = new Sequential([new RNN({ cell, units: 6 }), new Dense({ units: 1 })], { inputShape: [5, 7] });
      model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
      await model.fit(x, y, { batchSize: 5, epochs: 2, callbacks: [pruning({ block: [1, 1] })] });
      const { gates } = await sparsityReport(model);
      const own = gates.filter(({ layer }) => layer !== 'dense');
      expect(own.filter(({ weight }) => weight === 'kernel').map(({ gate }) => gate)).toEqual(cell.gates);
      expect(own.filter(({ weight }) => weight === 'recurrentKernel')).toHaveLength(
        cell.recurrent === 'full' ? cell.gates.length : 0,
      );
      for (const { sparsity, numKept, numWeights } of own) {
        expect(sparsity).toBeGreaterThan(0.6);
        expect(numKept).toBeLessThan(numWeights);
        expect(numKept).toBeGreaterThan(0);
      }
      // Biases and vectors are left alone.
      for (const [name, weight] of variablesOf(model)) if (/bias|gain/.test(name)) expect(weight.mask).toBeUndefined();
    },
  );

  it('goes into layers inside of layers, and leaves out what is not meant or not trained', async () => {
    setSeed(8);
    const stacked = new RNN({ cell: [libraryCells[0], libraryCells[1]], units: [5, 6] });
    const model = new Sequential(
      [
        new Bidirectional({ layer: new GRU({ units: 3, returnSequences: true }), name: 'both' }),
        new LSTM({ units: 7, returnSequences: true, name: 'fixed', trainable: false }),
        stacked,
        new Dense({ units: 2, name: 'head' }),
      ],
      { inputShape: [5, 7] },
    );
    model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
    const { layers } = await prune(model, { sparsity: 0.5, block: [1, 1], layers: ['both/backward', 'fixed'] });
    expect(layers.map(({ layer, sparsity }) => [layer, sparsity > 0])).toEqual([
      ['both/forward', false],
      ['both/backward', true],
      ['fixed', false],
      [`${stacked.name}/cell0`, false],
      [`${stacked.name}/cell1`, false],
      ['head', false],
    ]);
    const all = await prune(model, { sparsity: 0.5, block: [1, 1], dense: true });
    expect(all.layers.map(({ sparsity }) => sparsity > 0)).toEqual([true, true, false, true, true, true]);
  });

  it('prunes each gate as it is told', async () => {
    const model = compiled('adam');
    const { gates } = await prune(model, { sparsity: 0.8, gates: { forget: 0.4 }, block: [1, 1] });
    const kept = gates.filter(({ weight }) => weight === 'recurrentKernel').map(({ numKept }) => numKept);
    expect(kept).toEqual([5, 15, 5, 5]);
  });

  it.each(['cubic', 'oneShot'] as const)('ends with the same bits where it was interrupted: %s', async (schedule) => {
    const callbacks = () => [
      schedule === 'cubic' ? pruning({ from: 2, to: 9, every: 3 }) : new Pruning({ sparsity: 0.8, schedule, from: 5 }),
    ];
    const options = { epochs: 5, batchSize: 5 };
    const whole = compiled('adam');
    await whole.fit(x, y, { ...options, callbacks: callbacks() });
    for (const step of [1, 3, 5, 6, 8, 11]) {
      let kept: { snapshot: TrainingSnapshot; bytes: Uint8Array } | undefined;
      const model = compiled('adam');
      const save = (_: unknown, snapshot: TrainingSnapshot): void => {
        if (snapshot.values.numSteps === step)
          kept = { snapshot, bytes: serializeModel(model, { training: snapshot }) };
      };
      await model.fit(x, y, { ...options, callbacks: callbacks(), checkpoint: { save, everySteps: 1 } });
      const { model: again, training } = deserializeModel(kept!.bytes);
      await again.fit(x, y, { ...options, callbacks: callbacks(), resumeFrom: training });
      expect(hostWeights(again)).toEqual(hostWeights(whole));
      expect(masked(again).map(([name, , mask]) => [name, mask.dataSync()])).toEqual(
        masked(whole).map(([name, , mask]) => [name, mask.dataSync()]),
      );
    }
  });

  it('resumes with the masks of the snapshot, not with what happens to be 0', async () => {
    const model = compiled({ name: 'sgd', config: { learningRate: 0.3 } }, { kernelConstraint: 'nonNeg' });
    let kept: TrainingSnapshot | undefined;
    const save = (_: unknown, snapshot: TrainingSnapshot): void => void (kept = snapshot);
    await model.fit(x, y, { batchSize: 5, callbacks: [pruning({ to: 2 })], checkpoint: { save } });
    const bytes = serializeModel(model, { training: kept });
    const { model: again, training } = deserializeModel(bytes);
    await again.fit(x, y, {
      batchSize: 5,
      epochs: 9,
      callbacks: [pruning({ to: 2 })],
      resumeFrom: training,
    });
    await model.fit(x, y, { batchSize: 5, epochs: 9, callbacks: [pruning({ to: 2 })], resumeFrom: kept });
    expect(hostWeights(again)).toEqual(hostWeights(model));
  });

  it('stays pruned when it is compiled again, saved, loaded and trained without the callback', async () => {
    const model = compiled('adam');
    await prune(model, { sparsity: 0.8, block: [2, 1] });
    const zeros = async (one: Model): Promise<number> => {
      const { total } = await sparsityReport(one);
      return total.numWeights - total.numKept;
    };
    expect(await zeros(model)).toBe(200);
    const bytes = serializeModel(model);
    model.compile({ optimizer: 'rmsprop', loss: 'meanSquaredError' });
    await model.fit(x, y, { epochs: 2 });
    expect(await zeros(model)).toBe(200);
    const { model: loaded } = deserializeModel(bytes);
    await loaded.fit(x, y, { epochs: 2 });
    expect(await zeros(loaded)).toBe(200);
    await loaded.trainOnBatch(x, y);
    expect(await zeros(loaded)).toBe(200);
    const fresh = compiled('adam');
    loadWeights(fresh, bytes);
    await fresh.fit(x, y);
    expect(await zeros(fresh)).toBe(200);
    // A file of a dense model takes it back.
    const dense = serializeModel(compiled('adam'));
    loadWeights(fresh, dense);
    await fresh.fit(x, y);
    expect(await zeros(fresh)).toBe(0);
  });

  it('lets weights from elsewhere keep their zeros, and lets go of them', async () => {
    const model = compiled('adam');
    const weights = hostWeights(model);
    weights['lstm/cell/kernel'].data.fill(0, 20, 60);
    model.setWeights(weights);
    keepZeros(model);
    await model.fit(x, y, { epochs: 2 });
    const kernel = hostWeights(model)['lstm/cell/kernel'].data;
    expect([...kernel.keys()].filter((i) => kernel[i] === 0)).toEqual(Array.from({ length: 40 }, (_, i) => 20 + i));
    releaseZeros(model);
    await model.fit(x, y, { epochs: 2 });
    expect(hostWeights(model)['lstm/cell/kernel'].data).not.toContain(0);
  });

  it('changes nothing where nothing is pruned', async () => {
    const without = compiled('adam');
    await without.fit(x, y, { epochs: 2, batchSize: 5 });
    const with0 = compiled('adam');
    await with0.fit(x, y, { epochs: 2, batchSize: 5, callbacks: [pruning({ sparsity: 0 })] });
    expect(hostWeights(with0)).toEqual(hostWeights(without));
    expect(masked(with0)).toEqual([]);
  });

  it('prunes between a tenth and two fifths of all steps by default', async () => {
    const model = compiled('adam');
    const counts: number[] = [];
    await model.fit(x, y, {
      epochs: 10,
      batchSize: 5,
      callbacks: [new Pruning({ sparsity: 0.8, block: [2, 1] }), watching(model, counts)],
    });
    expect(counts.findIndex((n) => n > 0)).toBe(3);
    expect(counts[11]).toBe(200);
  });
});

describe('options of pruning', () => {
  const thrown = (work: () => unknown): string => {
    try {
      work();
    } catch (error) {
      return String((error as Error).message);
    }
    return 'nothing';
  };

  it.each<[object, string]>([
    [{}, '[OUT_OF_RANGE] Pruning: `sparsity` is missing.'],
    [{ sparsity: 1 }, '[OUT_OF_RANGE] Pruning: `sparsity` is out of range.'],
    [{ sparsity: 0.5, gates: { forget: -1 } }, '[OUT_OF_RANGE] Pruning: `gates.forget` is out of range.'],
    [{ sparsity: 0.5, block: [16] }, '[OUT_OF_RANGE] Pruning: `block` is no shape of blocks.'],
    [{ sparsity: 0.5, block: [0, 1] }, '[OUT_OF_RANGE] Pruning: `block` is no shape of blocks.'],
    [{ sparsity: 0.5, to: 7, from: 7 }, '[OUT_OF_RANGE] Pruning: `to` is out of range.'],
    [{ sparsity: 0.5, every: 0.5 }, '[OUT_OF_RANGE] Pruning: `every` is out of range.'],
    [{ sparsity: 0.5, schedule: 'cubik' }, '[UNKNOWN_NAME] Pruning: unknown schedule `cubik`; did you mean `cubic`?'],
    [{ sparsity: 0.5, schedule: 'oneShot', every: 3 }, '[USAGE] Pruning: `every` is for a schedule'],
    [{ sparsity: 0.5, blok: [1, 1] }, '[UNKNOWN_NAME] Pruning: unknown option `blok`; did you mean `block`?'],
    [{ sparsity: 0.5, balanced: 'no' }, '[USAGE] Pruning: `balanced` is neither true nor false.'],
    [{ sparsity: 0.5, layers: 'lstm' }, '[USAGE] Pruning: `layers` is no list of names.'],
  ])('refuses %j', (options, message) => {
    expect(thrown(() => new Pruning(options as never))).toContain(message);
  });

  it.each<[object, string]>([
    [{ gates: { forgt: 0.5 } }, '[UNKNOWN_NAME] Pruning: unknown gate `forgt`; did you mean `forget`?'],
    [{ layers: ['lstn'] }, '[UNKNOWN_NAME] Pruning: unknown layer `lstn`; did you mean `lstm`?'],
    [{ layers: ['dense'] }, '[USAGE] Pruning: there is nothing to prune.'],
    [{ to: 4 }, '[OUT_OF_RANGE] Pruning: training ends before pruning does.'],
  ])('refuses %j when training begins', async (options, message) => {
    const model = compiled('adam');
    const before = hostWeights(model);
    await expect(
      model.fit(x, y, { batchSize: 5, callbacks: [new Pruning({ sparsity: 0.5, ...options })] }),
    ).rejects.toThrow(message);
    expect(hostWeights(model)).toEqual(before);
  });

  it('asks for steps where nothing says how long training is', async () => {
    const model = compiled('adam');
    const dataset = () => [{ x, y }];
    await expect(model.fit(dataset, { callbacks: [new Pruning({ sparsity: 0.5 })] })).rejects.toThrow(
      '[USAGE] Pruning: nothing says how long training is',
    );
    await model.fit(dataset, { epochs: 3, callbacks: [new Pruning({ sparsity: 0.5, from: 0, to: 2 })] });
    expect((await sparsityReport(model)).layers[0].sparsity).toBeGreaterThan(0.4);
  });
});
