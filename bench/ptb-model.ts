import { type DatasetBatch, Dense, Embedding, initializers, LSTM, optimizers, Sequential } from '../src/index.js';

const UNITS = 200;
export const STREAMS = 20;
export const TIMESTEPS = 20;

/** The small model of Zaremba, Sutskever and Vinyals 2014, section 4.1, compiled. */
export function smallModel(vocabularySize: number): Sequential {
  const uniform = initializers.randomUniform({ minval: -0.1, maxval: 0.1 });
  const everywhere = { kernelInitializer: uniform, recurrentInitializer: uniform, biasInitializer: uniform };
  const recurrent = (): LSTM =>
    new LSTM({ units: UNITS, ...everywhere, unitForgetBias: false, returnSequences: true, stateful: true });
  const model = new Sequential([
    new Embedding({ inputDim: vocabularySize, outputDim: UNITS, embeddingsInitializer: uniform, inputShape: [null] }),
    recurrent(),
    recurrent(),
    new Dense({ units: vocabularySize, activation: 'softmax', kernelInitializer: uniform, biasInitializer: uniform }),
  ]);
  compileSmall(model);
  return model;
}

/** How it is trained: by plain gradient descent. */
export function compileSmall(model: Sequential, learningRate = 1): void {
  model.compile({
    optimizer: optimizers.sgd({ learningRate, globalClipNorm: 5 }),
    loss: 'sparseCategoricalCrossentropy',
    // The mean over streams and steps, times the steps: averaged over the streams, summed over the steps.
    lossWeights: [TIMESTEPS],
    metrics: ['perplexity'],
  });
}

export interface WindowOptions {
  readonly streams?: number;
  readonly timesteps?: number;
  /** Whether the words after the last whole window make a shorter one, or are left out. Default whole. */
  readonly part?: 'whole' | 'all';
  /** Only the first windows. */
  readonly mostSteps?: number;
}

/** Windows of parallel streams, each of which goes on where the one before it ended. */
export function* windows(
  tokens: Int32Array,
  { streams = STREAMS, timesteps = TIMESTEPS, part = 'whole', mostSteps = Infinity }: WindowOptions = {},
): Generator<DatasetBatch> {
  const length = Math.floor((tokens.length - 1) / streams);
  const end = part === 'all' ? length : length - (length % timesteps);
  for (let start = 0, step = 0; start < end && step < mostSteps; start += timesteps, step++) {
    const shape = [streams, Math.min(timesteps, end - start)];
    const [x, y] = [0, 1].map((shift) => {
      const data = new Int32Array(shape[0] * shape[1]);
      for (let b = 0; b < streams; b++)
        data.set(tokens.subarray(b * length + start + shift, b * length + start + shift + shape[1]), b * shape[1]);
      return { data, shape };
    });
    yield { x, y };
  }
}
