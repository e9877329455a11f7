import { existsSync } from 'node:fs';
import { checkpointFile, csvLogger, loadModel, saveModel } from '../../src/io/model-files.js';
import { useBackend } from '../../src/kernels/select.js';
import { Dense } from '../../src/layers/dense.js';
import { Dropout } from '../../src/layers/dropout.js';
import { LSTM } from '../../src/layers/lstm.js';
import { Random, setSeed } from '../../src/random.js';
import { EarlyStopping, ReduceLROnPlateau } from '../../src/training/callbacks/index.js';
import { sgd } from '../../src/training/optimizers/index.js';
import { Pruning } from '../../src/training/pruning/index.js';
import { Sequential } from '../../src/training/sequential.js';

/**
 * A training run that resumes from its checkpoint where there is one, with everything that has a state: dropout,
 * shuffling, momentum, a learning rate that changes, pruning, callbacks. Arguments: backend, `schedule` or `plateau`,
 * checkpoint, result, and after how many steps to wait for being killed.
 */
const [backend, kind, checkpointPath, resultPath, killAfter] = process.argv.slice(2);
useBackend(backend as 'wasm' | 'reference');
setSeed(backend === 'wasm' ? 11 : 12);

const random = new Random(4);
const x = Array.from({ length: 23 }, () =>
  Array.from({ length: 6 }, () => [random.normal(), random.normal(), random.normal()]),
);
const y = x.map((steps) => (steps[1][0] + steps[4][2] > 0 ? 1 : 0));

const resumes = existsSync(checkpointPath);
const loaded = resumes ? await loadModel(checkpointPath) : undefined;
const model =
  loaded?.model ??
  new Sequential([
    new LSTM({ units: 5, returnSequences: true, recurrentDropout: 0.2 }),
    new Dropout({ rate: 0.3 }),
    new LSTM({ units: 4, dropout: 0.1 }),
    new Dense({ units: 2, activation: 'softmax' }),
  ]);
if (loaded === undefined) {
  const optimizer =
    kind === 'schedule'
      ? {
          name: 'adam',
          config: {
            learningRate: {
              name: 'exponentialDecay',
              config: { initialLearningRate: 0.03, decaySteps: 7, decayRate: 0.8 },
            },
          },
        }
      : sgd({ learningRate: 0.2, momentum: 0.9 });
  model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
}
let numSteps = 0;
// Pruned from the third step to the twentieth: kills fall into it.
const pruning = new Pruning({ sparsity: 0.7, block: [2, 1], from: 3, to: 20, every: 2 });
const steering =
  kind === 'schedule' ? [pruning] : [new ReduceLROnPlateau({ patience: 1, factor: 0.5, minDelta: 0.02 })];
const history = await model.fit(x, y, {
  epochs: 9,
  batchSize: 4,
  validationSplit: 0.25,
  classWeight: { 0: 1.5 },
  callbacks: [
    ...steering,
    new EarlyStopping({ patience: 3, restoreBestWeights: true, monitor: 'loss' }),
    csvLogger(`${resultPath}.csv`),
    {
      onBatchEnd: async ({ epoch, batch }) => {
        process.stdout.write(`${epoch} ${batch}\n`);
        if (++numSteps < Number(killAfter)) return;
        await new Promise(() => setInterval(() => undefined, 1000));
      },
    },
  ],
  checkpoint: checkpointFile(checkpointPath, { everySteps: 2, everyEpochs: 1 }),
  resumeFrom: loaded?.training,
});
await saveModel(model, resultPath, {
  includeOptimizer: true,
  preprocessing: {
    epochs: [...history.epochs],
    loss: history.metrics.loss,
    valLoss: history.metrics.valLoss,
    accuracy: history.metrics.accuracy,
    stopReason: history.stopReason,
  },
});
