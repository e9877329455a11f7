import { describe, expect, it } from 'vitest';
import { hostWeights } from '../../../test/support/host-weights.js';
import { deserializeModel, serializeModel } from '../../io/checkpoint.js';
import { Dense } from '../../layers/dense.js';
import { GRU } from '../../layers/gru.js';
import { Random, setSeed } from '../../random.js';
import { cosineDecay } from '../schedules.js';
import { Sequential } from '../sequential.js';
import type { TrainingSnapshot } from '../snapshot.js';
import { prune } from './prune.js';
import { sparsityReport } from './sparsity-report.js';
import { WeightRewind } from './weight-rewind.js';

const draw = new Random(3);
const x = Array.from({ length: 15 }, () =>
  Array.from({ length: 5 }, () => Array.from({ length: 7 }, () => draw.normal())),
);
const y = x.map((steps) => [steps[1][2] - steps[4][0]]);

function compiled(): Sequential {
  setSeed(23);
  const model = new Sequential([new GRU({ units: 5 }), new Dense({ units: 1 })], { inputShape: [5, 7] });
  const learningRate = cosineDecay({ initialLearningRate: 0.05, decaySteps: 30 });
  model.compile({
    optimizer: { name: 'adam', config: { learningRate: learningRate.getConfig() } },
    loss: 'meanSquaredError',
  });
  return model;
}

const inOrder = { batchSize: 5, shuffle: false };

describe('weights that are put back as they were', () => {
  it.each([0, 3])('train on to the same bits where nothing was pruned, from step %i', async (step) => {
    const model = compiled();
    const early = new WeightRewind({ step });
    await model.fit(x, y, { ...inOrder, epochs: 4, callbacks: [early] });
    const trained = hostWeights(model);
    early.rewind(model);
    expect(model.optimizer.batches).toBe(step);
    expect(hostWeights(model)).not.toEqual(trained);
    await model.fit(x, y, { ...inOrder, epochs: (12 - step) / 3 });
    expect(hostWeights(model)).toEqual(trained);
  });

  it('are those of the step, but for what was pruned by their trained values', async () => {
    const model = compiled();
    const early = new WeightRewind({ step: 3 });
    let atStep: ReturnType<typeof hostWeights> | undefined;
    const watch = {
      onBatchEnd: (_: unknown, { numSteps }: { numSteps: number }) =>
        void (numSteps === 3 && (atStep = hostWeights(model))),
    };
    await model.fit(x, y, { ...inOrder, epochs: 4, callbacks: [early, watch] });
    await prune(model, { sparsity: 0.6, block: [1, 1] });
    const pruned = hostWeights(model);
    early.rewind(model);
    const now = hostWeights(model);
    for (const [name, { data }] of Object.entries(now))
      data.forEach((value, i) =>
        expect(value).toBe(
          pruned[name].data[i] === 0 && /ernel/.test(name) && name.startsWith('gru') ? 0 : atStep![name].data[i],
        ),
      );
    const before = await sparsityReport(model);
    expect(before.layers[0].sparsity).toBeGreaterThan(0.5);
    await model.fit(x, y, { ...inOrder, epochs: 3 });
    expect((await sparsityReport(model)).layers[0]).toEqual(before.layers[0]);
  });

  it('are there after an interruption', async () => {
    const whole = compiled();
    const expected = new WeightRewind({ step: 2 });
    await whole.fit(x, y, { ...inOrder, epochs: 3, callbacks: [expected] });
    for (const step of [1, 2, 5]) {
      const model = compiled();
      let bytes: Uint8Array | undefined;
      const save = (_: unknown, snapshot: TrainingSnapshot): void => {
        if (snapshot.values.numSteps === step) bytes = serializeModel(model, { training: snapshot });
      };
      const callbacks = [new WeightRewind({ step: 2 })];
      await model.fit(x, y, { ...inOrder, epochs: 3, callbacks, checkpoint: { save, everySteps: 1 } });
      const { model: again, training } = deserializeModel(bytes!);
      const early = new WeightRewind({ step: 2 });
      await again.fit(x, y, { ...inOrder, epochs: 3, callbacks: [early], resumeFrom: training });
      early.rewind(again);
      expected.rewind(whole);
      expect(hostWeights(again)).toEqual(hostWeights(whole));
      expect(again.optimizer.getState()).toEqual(whole.optimizer.getState());
    }
  });

  it('are refused where there are none, and for another optimizer', async () => {
    const model = compiled();
    const early = new WeightRewind({ step: 99 });
    await model.fit(x, y, { ...inOrder, callbacks: [early] });
    expect(() => early.rewind(model)).toThrow('[USAGE] WeightRewind.rewind: training has not come to step 99.');
    const unbuilt = new Sequential([new GRU({ units: 5 })]);
    unbuilt.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
    await expect(
      unbuilt.fit(() => [{ x, y: x.map(() => [0, 1, 2, 3, 4]) }], { callbacks: [new WeightRewind({ step: 0 })] }),
    ).rejects.toThrow('[USAGE]');
    expect(() => new WeightRewind({ step: -1 })).toThrow('[OUT_OF_RANGE] WeightRewind: `step` is out of range.');
    const kept = new WeightRewind({ step: 1 });
    await model.fit(x, y, { ...inOrder, callbacks: [kept] });
    const trained = hostWeights(model);
    model.compile({ optimizer: 'rmsprop', loss: 'meanSquaredError' });
    expect(() => kept.rewind(model)).toThrow('[FILE_FORMAT]');
    expect(hostWeights(model)).toEqual(trained);
  });
});
