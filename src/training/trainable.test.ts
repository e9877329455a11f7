import { describe, expect, it } from 'vitest';
import { Dense } from '../layers/dense.js';
import { LSTM } from '../layers/lstm.js';
import { setSeed } from '../random.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import type { StopReason, TrainingContext } from './callbacks/callback.js';
import { evaluateModel } from './evaluation.js';
import type { Model } from './model.js';
import { predictModel } from './prediction.js';
import { Sequential } from './sequential.js';
import type { Trainable } from './trainable.js';
import { fitModel } from './trainer.js';

const x = tensor(
  Array.from({ length: 7 * 5 * 3 }, (_, i) => Math.sin(i)),
  [7, 5, 3],
);
const y = tensor(
  Array.from({ length: 7 }, (_, i) => Math.cos(i)),
  [7, 1],
);

function compiled(): Sequential {
  setSeed(19);
  const model = new Sequential([new LSTM({ units: 5 }), new Dense({ units: 1 })]);
  model.compile({ optimizer: 'adam', loss: 'meanSquaredError', metrics: ['meanAbsoluteError'] });
  return model;
}

/** Passes everything on to a model, and is none. */
function standingFor(model: Model): Trainable {
  return {
    className: 'Twin',
    get optimizer() {
      return model.optimizer;
    },
    get isBuilt() {
      return model.isBuilt;
    },
    get trainableWeights() {
      return model.trainableWeights;
    },
    sublayers: model.sublayers,
    namedWeights: () => model.namedWeights(),
    setWeights: (weights) => model.setWeights(weights),
    resetStates: () => model.resetStates(),
    random: model.random,
    compiledTraining: model.compiledTraining,
    requireCompiled: (what) => model.requireCompiled(what),
    runBatch: (inputs, options) => model.runBatch(inputs, options),
    get outputArrangement() {
      return model.outputArrangement;
    },
    get numOutputs() {
      return model.numOutputs;
    },
    get outputWidths() {
      return model.outputWidths;
    },
    requireInputShapes: (shapes, where) => model.requireInputShapes(shapes, where),
    buildOn: (shapes, rows) => model.buildOn(shapes, rows),
  };
}

describe('what trains', () => {
  it('need not be a model: the interface is enough for training, evaluation and prediction', async () => {
    const options = { epochs: 3, batchSize: 3, validationSplit: 0.3 };
    const model = compiled();
    const history = await model.fit(x, y, options);
    const twin = standingFor(compiled());
    const seen: Trainable[] = [];
    const callbacks = [{ onTrainEnd: (_: StopReason, context: TrainingContext) => void seen.push(context.model) }];
    const ofTwin = await fitModel(twin, { x, y }, { ...options, callbacks });
    expect(ofTwin).toEqual(history);
    expect(seen).toEqual([twin]);
    expect(await evaluateModel(twin, { x, y }, {})).toEqual(await model.evaluate(x, y));
    expect(await ((await predictModel(twin, x, {})) as Tensor).data()).toEqual(await (await model.predict(x)).data());
    await expect(predictModel(twin, tensor([NaN], [1, 1, 1]), {})).rejects.toThrow('Twin.predict');
  });
});
