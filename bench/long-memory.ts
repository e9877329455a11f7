/**
 * Two classic tests of long memory, run until they are solved or a limit is reached.
 *
 * - adding: two numbers marked among T are to be added (Hochreiter and Schmidhuber 1997, task 4). Solved at a mean
 *   squared error under 0.01; always answering 1 gives 0.167.
 * - copy: ten symbols are to be repeated after a pause of T steps (Arjovsky et al. 2016). Always guessing gives a
 *   cross-entropy of 10 ln 8 / (T + 20); solved at a tenth of that.
 *
 * Run: npm run build && node dist/bench/long-memory.js [adding|copy] [T]
 */
import {
  type CellName,
  Dense,
  type Layer,
  losses,
  optimizers,
  Random,
  RNN,
  setSeed,
  type Tensor,
  tensor,
  valueAndGradients,
} from '../src/index.js';

interface Task {
  readonly name: string;
  readonly features: number;
  readonly outputs: number;
  readonly returnSequences: boolean;
  readonly solvedAt: number;
  readonly steps: number;
  batch(random: Random): { x: Tensor; y: Tensor };
  loss(y: Tensor, prediction: Tensor): Tensor;
}

const batchSize = 50;

function adding(timesteps: number): Task {
  return {
    name: `adding, T = ${timesteps}`,
    features: 2,
    outputs: 1,
    returnSequences: false,
    solvedAt: 0.01,
    steps: 4000,
    batch(random) {
      const x = new Float32Array(batchSize * timesteps * 2);
      const y = new Float32Array(batchSize);
      for (let b = 0; b < batchSize; b++) {
        for (let t = 0; t < timesteps; t++) x[(b * timesteps + t) * 2] = random.uniform();
        const half = timesteps >> 1;
        for (const place of [random.integer(half), half + random.integer(timesteps - half)]) {
          x[(b * timesteps + place) * 2 + 1] = 1;
          y[b] += x[(b * timesteps + place) * 2];
        }
      }
      return { x: tensor(x, [batchSize, timesteps, 2]), y: tensor(y, [batchSize, 1]) };
    },
    loss: (y, prediction) => losses.lossValue(losses.meanSquaredError(), y, prediction),
  };
}

function copy(pause: number): Task {
  const numSymbols = 8;
  const length = 10;
  const timesteps = pause + 2 * length;
  const classes = numSymbols + 2;
  return {
    name: `copy, T = ${pause}`,
    features: classes,
    outputs: classes,
    returnSequences: true,
    solvedAt: (length * Math.log(numSymbols)) / timesteps / 10,
    steps: 20000,
    batch(random) {
      const x = new Float32Array(batchSize * timesteps * classes);
      const y = new Float32Array(batchSize * timesteps);
      for (let b = 0; b < batchSize; b++) {
        for (let t = 0; t < timesteps; t++) {
          const symbol =
            t < length ? 1 + random.integer(numSymbols) : t === timesteps - length - 1 ? numSymbols + 1 : 0;
          x[(b * timesteps + t) * classes + symbol] = 1;
          if (t < length) y[b * timesteps + timesteps - length + t] = symbol;
        }
      }
      return { x: tensor(x, [batchSize, timesteps, classes]), y: tensor(y, [batchSize, timesteps]) };
    },
    loss: (y, prediction) =>
      losses.lossValue(losses.sparseCategoricalCrossentropy({ fromLogits: true }), y, prediction),
  };
}

function solve(task: Task, cell: CellName, units: number, horizon: number): void {
  setSeed(1);
  const random = new Random(2);
  const recurrent = new RNN({
    cell,
    units,
    returnSequences: task.returnSequences,
    biasInitializer: { name: 'chrono', config: { maxTimesteps: horizon } },
    unitForgetBias: false,
  });
  const layers: Layer[] = [recurrent, new Dense({ units: task.outputs })];
  const apply = (x: Tensor): Tensor => layers.reduce((value, layer) => layer.apply(value, { training: true }), x);
  apply(task.batch(random).x);
  const weights = layers.flatMap((layer) => layer.trainableWeights);
  const optimizer = optimizers.adam({ learningRate: 2e-3, globalClipNorm: 1 });
  const started = performance.now();
  let mean = NaN;
  for (let step = 1; step <= task.steps; step++) {
    const { x, y } = task.batch(random);
    const { value, gradients } = valueAndGradients(() => task.loss(y, apply(x)), weights);
    optimizer.applyGradients(gradients, weights);
    mean = Number.isNaN(mean) ? value.item() : 0.95 * mean + 0.05 * value.item();
    const isSolved = mean < task.solvedAt;
    if (step % 100 === 0 || isSolved)
      console.log(
        `${task.name}, ${cell} ${units}: step ${step}, loss ${mean.toFixed(5)} (solved at ` +
          `${task.solvedAt.toFixed(5)}), ${((performance.now() - started) / 1000).toFixed(0)} s`,
      );
    if (isSolved) return;
  }
  throw new Error(`${task.name}: not solved after ${task.steps} steps`);
}

const [which, length] = process.argv.slice(2);
if (which === undefined || which === 'adding') solve(adding(Number(length ?? 200)), 'lstm', 64, Number(length ?? 200));
if (which === undefined || which === 'copy') solve(copy(Number(length ?? 50)), 'lstm', 100, Number(length ?? 50) + 20);
