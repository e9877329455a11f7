import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../../kernels/select.js';
import { Dense } from '../../layers/dense.js';
import { setSeed } from '../../random.js';
import type { FitOptions } from '../fit-options.js';
import type { Model } from '../model.js';
import { Sequential } from '../sequential.js';
import {
  type Callback,
  type CallbackState,
  CSVLogger,
  EarlyStopping,
  LearningRateScheduler,
  type Logs,
  ModelCheckpoint,
  ReduceLROnPlateau,
  TensorBoard,
  type TrainingContext,
} from './index.js';

beforeAll(() => void useBackend('reference'));
afterAll(() => void useBackend('wasm'));

const compiled = (learningRate = 1): Sequential => {
  setSeed(1);
  const model = new Sequential([new Dense({ units: 1, inputShape: [2] })]);
  model.compile({ optimizer: { name: 'sgd', config: { learningRate } }, loss: 'mse', metrics: ['accuracy'] });
  return model;
};

/**
 * Runs a callback on made-up logs, one of each epoch; each epoch the weights hold its number. @returns the epochs that
 * ran
 */
async function play(
  callback: Callback,
  values: readonly number[],
  { name = 'valLoss', model = compiled() as Model, start = 0 } = {},
): Promise<number> {
  let isStopped = false;
  const context: TrainingContext = {
    model,
    epochs: values.length,
    logNames: ['loss', name],
    numSteps: 0,
    moreIsBetter: (log) => log.endsWith('ccuracy'),
    stopTraining: () => {
      isStopped = true;
    },
  };
  if (start === 0) await callback.onTrainBegin?.(context);
  let epoch = start;
  for (; epoch < values.length && !isStopped; epoch++) {
    await callback.onEpochBegin?.(epoch, context);
    model.setWeights({ 'dense/kernel': [[epoch], [epoch]], 'dense/bias': [epoch] });
    await callback.onEpochEnd?.(epoch, { loss: 0, [name]: values[epoch] }, context);
  }
  await callback.onTrainEnd?.(isStopped ? 'callback' : 'completed', context);
  return epoch;
}

const biasOf = (model: Model): number => model.getWeights()['dense/bias'].dataSync()[0];

describe('EarlyStopping', () => {
  it('stops after `patience` epochs without improvement', async () => {
    expect(await play(new EarlyStopping({ patience: 2 }), [5, 4, 4.5, 3, 3, 3.1, 2])).toBe(6);
    expect(await play(new EarlyStopping(), [5, 6, 7])).toBe(2);
    expect(await play(new EarlyStopping({ patience: 3 }), [5, 4, 3, 2])).toBe(4);
  });

  it.each(['an exception', 'a loss that is not finite', 'an abort'])(
    'puts the best weights back after %s',
    async (end) => {
      const model = compiled(0.1);
      const controller = new AbortController();
      let best: unknown;
      const [x, y] = [
        [
          [1, 2],
          [2, 0.5],
          [0, 1],
        ],
        [[1], [2], [3]],
      ];
      const disturb: Callback = {
        onEpochEnd: (epoch) => {
          if (epoch === 0) best = biasOf(model);
          // From here on every epoch is worse.
          if (epoch === 0) model.optimizer.learningRate = 0.9;
        },
        onBatchEnd: ({ epoch }) => {
          if (epoch < 3) return;
          if (end === 'an exception') throw new Error('lost');
          if (end === 'an abort') controller.abort();
          else model.setWeights({ 'dense/kernel': [[1e30], [1e30]], 'dense/bias': [1e300] });
        },
      };
      const keeper = new EarlyStopping({ patience: 9, restoreBestWeights: true });
      const run = model.fit(x, y, {
        epochs: 5,
        validationData: [x, y],
        callbacks: [keeper, disturb],
        signal: controller.signal,
      });
      expect(
        await run.then(
          ({ stopReason }) => stopReason,
          (error: unknown) => (error as Error).message.slice(0, 12),
        ),
      ).toBe({ 'an exception': 'lost', 'an abort': 'aborted' }[end] ?? '[NOT_FINITE]');
      expect(biasOf(model)).toBe(best);
    },
  );

  it('leaves the weights of an aborted run that saved a snapshot, which may be resumed', async () => {
    const model = compiled(0.1);
    const controller = new AbortController();
    let saved: unknown;
    const worse: Callback = {
      onEpochEnd: (epoch) => void (epoch === 0 && (model.optimizer.learningRate = 0.9)),
      onBatchEnd: ({ epoch }) => void (epoch === 3 && controller.abort()),
    };
    const keeper = new EarlyStopping({ monitor: 'loss', patience: 9, restoreBestWeights: true });
    await model.fit(
      [
        [1, 2],
        [2, 0.5],
      ],
      [[1], [2]],
      {
        epochs: 5,
        callbacks: [keeper, worse],
        signal: controller.signal,
        checkpoint: { save: (now) => void (saved = biasOf(now)) },
      },
    );
    expect(biasOf(model)).toBe(saved);
  });

  it('counts only changes above minDelta', async () => {
    expect(await play(new EarlyStopping({ patience: 2, minDelta: 0.5 }), [5, 4.8, 4.6, 1])).toBe(3);
    expect(await play(new EarlyStopping({ patience: 2, minDelta: 0.5 }), [5, 4.8, 4.4, 4.3, 1])).toBe(5);
  });

  it('knows of which logs more is better, unless told', async () => {
    const name = 'valAccuracy';
    expect(await play(new EarlyStopping({ monitor: name, patience: 1 }), [0.1, 0.2, 0.3], { name })).toBe(3);
    expect(await play(new EarlyStopping({ monitor: name, mode: 'min', patience: 1 }), [0.1, 0.2, 0.3], { name })).toBe(
      2,
    );
    expect(await play(new EarlyStopping({ mode: 'max', patience: 1 }), [5, 4, 3])).toBe(2);
  });

  it('goes back to the best weights where it is told to, also when training completes', async () => {
    const model = compiled();
    await play(new EarlyStopping({ patience: 2, restoreBestWeights: true }), [5, 3, 4, 4, 4], { model });
    expect(biasOf(model)).toBe(1);
    await play(new EarlyStopping({ patience: 9, restoreBestWeights: true }), [5, 3, 1, 4], { model });
    expect(biasOf(model)).toBe(2);
    await play(new EarlyStopping({ patience: 2 }), [5, 3, 4, 4, 4], { model });
    expect(biasOf(model)).toBe(3);
  });

  it('has a baseline to be beaten and a first epoch to watch', async () => {
    expect(await play(new EarlyStopping({ patience: 2, baseline: 3 }), [5, 4, 4.5, 1])).toBe(3);
    expect(await play(new EarlyStopping({ patience: 2, baseline: 3 }), [5, 2, 2.5, 1])).toBe(4);
    expect(await play(new EarlyStopping({ patience: 1, startFromEpoch: 3 }), [5, 6, 7, 8, 9])).toBe(5);
  });

  it('starts anew with each training', async () => {
    const callback = new EarlyStopping({ patience: 1 });
    expect(await play(callback, [1, 2])).toBe(2);
    expect(await play(callback, [9, 8, 7])).toBe(3);
  });

  it('goes on from a saved state', async () => {
    const values = [5, 3, 4, 4, 1];
    const model = compiled();
    const first = new EarlyStopping({ patience: 3, restoreBestWeights: true });
    await play(first, values.slice(0, 3), { model });
    const state = JSON.parse(JSON.stringify(first.getState().values)) as CallbackState['values'];
    const second = new EarlyStopping({ patience: 3, restoreBestWeights: true });
    second.setState({ values: state, arrays: first.getState().arrays });
    expect(await play(second, [5, 3, 4, 4, 4, 4], { model, start: 3 })).toBe(5);
    expect(biasOf(model)).toBe(1);
  });

  it('refuses to watch what training will not log, before it starts', async () => {
    const fit = compiled().fit([[1, 2]], [1], { callbacks: [new EarlyStopping()] });
    await expect(fit).rejects.toThrow(
      /EarlyStopping.monitor: unknown log `valLoss`.*\n {2}expected: one of `loss`, `accuracy`/,
    );
    expect(() => new EarlyStopping({ mode: 'best' as 'min' })).toThrow(/unknown mode/);
    expect(() => new EarlyStopping({ patience: -1 })).toThrow(/OUT_OF_RANGE/);
  });
});

describe('ReduceLROnPlateau', () => {
  it('multiplies the learning rate after `patience` epochs without improvement, with a cooldown and a least rate', async () => {
    const rates = async (
      options: ConstructorParameters<typeof ReduceLROnPlateau>[0],
      values: readonly number[],
    ): Promise<number[]> => {
      const model = compiled();
      const seen: number[] = [];
      const callback = new ReduceLROnPlateau(options);
      const end = callback.onEpochEnd.bind(callback);
      callback.onEpochEnd = (epoch: number, logs: Logs, context: TrainingContext) => {
        end(epoch, logs, context);
        seen.push(model.optimizer.learningRate);
      };
      await play(callback, values, { model });
      return seen;
    };
    expect(await rates({ patience: 2, factor: 0.5 }, [5, 4, 4, 4, 4, 4])).toEqual([1, 1, 1, 0.5, 0.5, 0.25]);
    expect(await rates({ patience: 1, factor: 0.5, cooldown: 2 }, [5, 5, 5, 5, 5, 5])).toEqual([
      1, 0.5, 0.5, 0.25, 0.25, 0.125,
    ]);
    expect(await rates({ patience: 1, factor: 0.5, minLearningRate: 0.4 }, [5, 5, 5, 5])).toEqual([1, 0.5, 0.4, 0.4]);
    // The default minDelta is 0.0001.
    expect(await rates({ patience: 2, factor: 0.5 }, [5, 4.99995, 4.9999, 3])).toEqual([1, 1, 0.5, 0.5]);
  });

  it('refuses an optimizer whose rate a schedule gives', async () => {
    const model = compiled();
    model.compile({
      optimizer: { name: 'sgd', config: { learningRate: { name: 'constantRate', config: { learningRate: 0.1 } } } },
      loss: 'mse',
    });
    await expect(model.fit([[1, 2]], [1], { callbacks: [new ReduceLROnPlateau({ monitor: 'loss' })] })).rejects.toThrow(
      /has a schedule/,
    );
    await expect(model.fit([[1, 2]], [1], { callbacks: [new LearningRateScheduler(() => 1)] })).rejects.toThrow(
      /has a schedule/,
    );
  });
});

describe('LearningRateScheduler', () => {
  it('sets the rate of each epoch from its number and the rate before', async () => {
    const model = compiled(0.5);
    const seen: number[] = [];
    const options: FitOptions = {
      epochs: 4,
      callbacks: [
        new LearningRateScheduler((epoch, rate) => (epoch < 2 ? rate : rate / 2)),
        { onEpochEnd: () => void seen.push(model.optimizer.learningRate) },
      ],
    };
    await model.fit([[1, 2]], [1], options);
    expect(seen).toEqual([0.5, 0.5, 0.25, 0.125]);
    await expect(model.fit([[1, 2]], [1], { callbacks: [new LearningRateScheduler(() => NaN)] })).rejects.toThrow(
      /OUT_OF_RANGE/,
    );
  });
});

describe('ModelCheckpoint', () => {
  it('saves after every epoch, or after each best one', async () => {
    const saved: number[] = [];
    const save = (_: Model, epoch: number): void => void saved.push(epoch);
    await play(new ModelCheckpoint({ save }), [5, 6, 4]);
    expect(saved.splice(0)).toEqual([0, 1, 2]);
    await play(new ModelCheckpoint({ save, saveBestOnly: true }), [5, 6, 4, 4.5, 3]);
    expect(saved).toEqual([0, 2, 4]);
    expect(() => new ModelCheckpoint({ save, monitor: 'loss' })).toThrow(/saveBestOnly: true/);
    expect(() => new ModelCheckpoint({} as { save: typeof save })).toThrow(/`save` is missing/);
  });
});

describe('CSVLogger', () => {
  it('saves the whole table after each epoch', async () => {
    const tables: string[] = [];
    await compiled(0).fit([[1, 2]], [[3]], {
      epochs: 2,
      validationData: [[[1, 2]], [[3]]],
      callbacks: [new CSVLogger((table) => void tables.push(table))],
    });
    const lines = tables[1].split('\n');
    expect(tables[0]).toBe(`${lines.slice(0, 2).join('\n')}\n`);
    expect(lines[0]).toBe('epoch,loss,accuracy,valLoss,valAccuracy');
    expect(lines[2]).toMatch(/^1,[\d.e-]+,0,[\d.e-]+,0$/);
    expect(lines[3]).toBe('');
  });
});

describe('TensorBoard', () => {
  it(
    'writes a version record, then losses, metrics and the learning rate of each epoch, and steps where it is ' +
      'told to',
    async () => {
      const parts: Uint8Array[] = [];
      const write = (records: Uint8Array): void => void parts.push(records);
      await compiled(0.25).fit(
        [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
        [1, 2, 3],
        { epochs: 2, batchSize: 1, validationSplit: 1 / 3, callbacks: [new TensorBoard({ write, everySteps: 2 })] },
      );
      const texts = parts.map((part) => Buffer.from(part).toString('latin1'));
      expect(texts[0]).toContain('brain.Event:2');
      expect(texts).toHaveLength(1 + 2 + 2);
      expect(texts[1]).toContain('step/loss');
      for (const tag of ['loss/train', 'loss/validation', 'accuracy/train', 'accuracy/validation', 'learningRate'])
        expect(texts[2]).toContain(tag);
    },
  );
});

describe('callbacks of fit', () => {
  it('are called in order, are waited for, and may be plain objects', async () => {
    const calls: string[] = [];
    const watch = (name: string): Callback => ({
      onTrainBegin: ({ epochs, logNames }) => void calls.push(`${name} begins ${epochs} ${logNames?.join()}`),
      onEpochBegin: (epoch) => void calls.push(`${name} epoch ${epoch}`),
      onBatchEnd: async ({ batch, loss, logs, samplesPerSecond }) => {
        await Promise.resolve();
        calls.push(`${name} batch ${batch} ${loss === logs.loss && samplesPerSecond > 0}`);
      },
      onEpochEnd: (epoch, logs) => void calls.push(`${name} ends ${epoch} ${Object.keys(logs).join()}`),
      onTrainEnd: (reason) => void calls.push(`${name} ${reason}`),
    });
    await compiled().fit(
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      [1, 2, 3],
      { batchSize: 2, callbacks: [watch('a'), watch('b')] },
    );
    expect(calls).toEqual([
      'a begins 1 loss,accuracy',
      'b begins 1 loss,accuracy',
      'a epoch 0',
      'b epoch 0',
      'a batch 0 true',
      'b batch 0 true',
      'a batch 1 true',
      'b batch 1 true',
      'a ends 0 loss,accuracy',
      'b ends 0 loss,accuracy',
      'a completed',
      'b completed',
    ]);
  });

  it('may evaluate and predict without disturbing the sums of the epoch', async () => {
    const data = [
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      [1, 0, 1],
    ] as const;
    const run = async (callbacks: Callback[]): Promise<unknown> =>
      (await compiled(0.01).fit(data[0], data[1], { batchSize: 1, epochs: 2, callbacks })).metrics;
    const model = { current: undefined as Model | undefined };
    const meddling: Callback = {
      onTrainBegin: (context) => void (model.current = context.model),
      onBatchEnd: async () => void (await model.current!.evaluate([[9, 9]], [5])),
    };
    expect(await run([meddling])).toEqual(await run([]));
  });
});
