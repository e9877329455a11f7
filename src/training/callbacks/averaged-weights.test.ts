import { describe, expect, it } from 'vitest';
import { Dense } from '../../layers/dense.js';
import { adam, averagedSGD, type Optimizer, sgd } from '../optimizers/index.js';
import { Sequential } from '../sequential.js';
import { AverageCheckpoints } from './average-checkpoints.js';
import { AveragingTrigger } from './averaging-trigger.js';
import type { Callback, TrainingContext } from './callback.js';
import { EarlyStopping } from './early-stopping.js';
import { SwapEMAWeights } from './swap-ema-weights.js';

/** One weight that goes towards 1, a step an epoch: its validation loss is `(1 - w)^2` of the weight it has then. */
function oneWeight(optimizer: Optimizer): Sequential {
  const model = new Sequential([new Dense({ units: 1, useBias: false, inputShape: [1], kernelInitializer: 'zeros' })]);
  model.compile({ optimizer, loss: 'meanSquaredError' });
  return model;
}

const weightOf = (model: Sequential): number => model.weights[0].dataSync()[0];
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

interface Run {
  readonly optimizer?: Optimizer;
  readonly before?: readonly Callback[];
  readonly averaging?: readonly Callback[];
  readonly isValidated?: boolean;
  readonly target?: number;
}

/** Of five epochs: the weights that steps left, the losses of the validation, and what training ended with. */
async function trained({ optimizer = sgd({ learningRate: 0.2 }), before = [], averaging = [], ...run }: Run) {
  const model = oneWeight(optimizer);
  const weights: number[] = [];
  const watch: Callback = { onBatchEnd: () => void weights.push(weightOf(model)) };
  const { metrics } = await model.fit([[1]], [[1]], {
    epochs: 5,
    callbacks: [...before, ...averaging, watch],
    ...((run.isValidated ?? true) && { validationData: [[[1]], [[run.target ?? 1]]] as const }),
  });
  return { weights, valLoss: metrics.valLoss, end: weightOf(model) };
}

describe('AverageCheckpoints', () => {
  const averaging = () => [new AverageCheckpoints({ numCheckpoints: 3 })];

  it.each([true, false])(
    'ends with the mean of the last epochs and trains as without, validated: %s',
    async (given) => {
      const plain = await trained({ isValidated: given });
      const averaged = await trained({ isValidated: given, averaging: averaging() });
      expect(averaged.weights).toEqual(plain.weights);
      expect(averaged.end).toBeCloseTo(mean(plain.weights.slice(-3)), 6);
      expect(averaged.end).not.toBeCloseTo(plain.end, 3);
    },
  );

  it('validates the mean of as many epochs as there are', async () => {
    const { weights, valLoss } = await trained({ averaging: averaging() });
    weights.forEach((_, epoch) => {
      const own = mean(weights.slice(Math.max(0, epoch - 2), epoch + 1));
      expect(valLoss[epoch]).toBeCloseTo((1 - own) ** 2, 6);
    });
  });

  it('leaves the best mean where early stopping restores it', async () => {
    // What is validated is nearest to 0.6 when it is the mean of the first three.
    const before = [new EarlyStopping({ patience: 9, restoreBestWeights: true })];
    const { weights, valLoss, end } = await trained({ before, averaging: averaging(), target: 0.6 });
    expect(valLoss.indexOf(Math.min(...valLoss))).toBe(2);
    expect(end).toBeCloseTo(mean(weights.slice(0, 3)), 6);
  });

  it('begins anew with each training, and refuses to average nothing', async () => {
    const [callback] = averaging();
    const first = await trained({ averaging: [callback] });
    expect(await trained({ averaging: [callback] })).toEqual(first);
    expect(() => new AverageCheckpoints({ numCheckpoints: 0 })).toThrow('[OUT_OF_RANGE]');
  });

  it('ends with the weights of the moment where it is aborted within an epoch', async () => {
    const model = oneWeight(sgd({ learningRate: 0.2 }));
    const stop = new AbortController();
    let weight = 0;
    const aborts: Callback = {
      onBatchEnd: ({ epoch, batch }) => {
        weight = weightOf(model);
        if (epoch === 2 && batch === 0) stop.abort();
      },
    };
    const callbacks = [...averaging(), aborts];
    await model.fit([[1], [1]], [[1], [1]], { epochs: 3, batchSize: 1, callbacks, signal: stop.signal });
    expect(weightOf(model)).toBe(weight);
  });

  it('refuses an optimizer whose own averages would take the place of the mean', async () => {
    const run = trained({ averaging: averaging(), optimizer: adam({ useEMA: true }) });
    await expect(run).rejects.toThrow('[USAGE] AverageCheckpoints: the optimizer keeps averages of the weights too');
  });
});

describe('SwapEMAWeights', () => {
  const optimizer = () => adam({ learningRate: 0.1, useEMA: true, emaMomentum: 0.6 });

  it('validates the moving averages, trains as without, and ends with them', async () => {
    const plain = await trained({ optimizer: optimizer() });
    const swapped = await trained({ optimizer: optimizer(), averaging: [new SwapEMAWeights()] });
    expect(swapped.weights).toEqual(plain.weights);
    let average = 0;
    plain.weights.forEach((weight, epoch) => {
      average = epoch === 0 ? weight : 0.6 * average + 0.4 * weight;
      expect(swapped.valLoss[epoch]).toBeCloseTo((1 - average) ** 2, 5);
    });
    expect(swapped.end).toBeCloseTo(average, 6);
    expect(swapped.valLoss.at(-1)).not.toBeCloseTo(plain.valLoss.at(-1)!, 3);
  });

  it('refuses an optimizer that keeps no averages', async () => {
    await expect(trained({ averaging: [new SwapEMAWeights()] })).rejects.toThrow(
      '[USAGE] SwapEMAWeights: the optimizer keeps no averages of the weights.',
    );
  });
});

describe('a validation that fails', () => {
  const best = () => new EarlyStopping({ patience: 9, restoreBestWeights: true });
  const startsAtOnce: Callback = { onTrainBegin: ({ model }) => model.optimizer.startAveraging() };
  const triggered = (): AveragingTrigger => {
    const trigger = new AveragingTrigger();
    trigger.setState({ values: { values: [], isTriggered: true } });
    return trigger;
  };
  const ema = () => adam({ learningRate: 0.1, useEMA: true, emaMomentum: 0.6 });
  const all: [string, () => Optimizer, () => readonly Callback[]][] = [
    ['AverageCheckpoints', () => sgd({ learningRate: 0.2 }), () => [new AverageCheckpoints()]],
    ['SwapEMAWeights', ema, () => [new SwapEMAWeights()]],
    ['AveragingTrigger', () => averagedSGD({ learningRate: 0.2 }), () => [startsAtOnce, triggered()]],
  ];

  /** Of three epochs: the weights that steps left, and those after a fault in the third. */
  async function failing(optimizer: Optimizer, callbacks: readonly Callback[], place: keyof Callback) {
    const model = oneWeight(optimizer);
    const weights: number[] = [];
    const fails: Callback = {
      onBatchEnd: () => void weights.push(weightOf(model)),
      [place]: (epoch: number) => {
        if (epoch === 2) throw new Error('full');
      },
    };
    const list = place === 'onEpochEnd' ? [fails, ...callbacks] : [...callbacks, fails];
    const fit = model.fit([[1]], [[1]], { epochs: 3, callbacks: list, validationData: [[[1]], [[1]]] });
    await expect(fit).rejects.toThrow('full');
    return { model, weights };
  }

  it.each(
    all.flatMap(([name, optimizer, callbacks]) =>
      (['onValidationBegin', 'onEpochEnd'] as const).map((place) => ({ name, optimizer, callbacks, place })),
    ),
  )('leaves the weights that training goes on with: $name, $place', async ({ optimizer: make, callbacks, place }) => {
    const { model, weights } = await failing(make(), callbacks(), place);
    const plain = await failing(make(), callbacks().slice(0, -1), place);
    expect(weights).toHaveLength(3);
    expect(weightOf(model)).toBe(weights[2]);
    for (const { optimizer } of [model, plain.model]) if (optimizer.hasAverages) optimizer.swapAverages();
    expect(weightOf(model)).toBe(weightOf(plain.model));
  });

  it.each(all)('leaves the best weights where early stopping restores them: %s', async (_, optimizer, callbacks) => {
    const kept: number[] = [];
    const watch: Callback = {
      onEpochEnd: (_, __, { model }: TrainingContext) => void kept.push(weightOf(model as Sequential)),
    };
    const { model } = await failing(optimizer(), [best(), watch, ...callbacks()], 'onValidationBegin');
    expect(kept).toHaveLength(2);
    expect(weightOf(model)).toBe(kept[1]);
  });
});
