/**
 * Measures what training for 8 or 4 bits gains and costs. First the time of training steps with and without it, in turns; then a
 * language model of words of the Penn Treebank trained without it, with it from the first step on, and from the half on:
 * perplexity of 40,000 validation words with the weights as they are, with rounded weights, and of 8 bits with all of
 * `quantize`, which rounds to 7 bits what they multiply.
 *
 *     npm run bench:quantization-aware -- [--words 60000] [--vocabulary 2000] [--units 128] [--epochs 5] [--seeds 1]
 *       [--only steps|quality] [--format int8|int4]
 *
 * Reads lm/ptb/ptb.{train,valid,test}.txt below $RONDO_DATA; words that are not among the most frequent ones are one token.
 * One LSTM layer, embeddings as wide, dropout of 0.2, Adam at 0.004 with a cosine to 0, 20 streams of 20 steps, one thread.
 */
import { parseArgs } from 'node:util';
import {
  type DatasetBatch,
  Dense,
  Dropout,
  deserializeModel,
  Embedding,
  LSTM,
  optimizers,
  QuantizationAware,
  quantize,
  Sequential,
  schedules,
  serializeModel,
  setSeed,
  setThreads,
} from '../src/index.js';
import { allowWideKernels } from '../src/node.js';
import { describeMachine } from './machine.js';
import { missingData, readPennTreebank } from './ptb-data.js';

const { values: options } = parseArgs({
  options: {
    words: { type: 'string', default: '60000' },
    vocabulary: { type: 'string', default: '2000' },
    units: { type: 'string', default: '128' },
    epochs: { type: 'string', default: '5' },
    seeds: { type: 'string', default: '1' },
    only: { type: 'string' },
    format: { type: 'string', default: 'int8' },
  },
});
const [numWords, vocabulary, units, epochs] = [options.words, options.vocabulary, options.units, options.epochs].map(
  Number,
);

const format = options.format as 'int8' | 'int4';
const bits = format === 'int8' ? '8 bits' : '4 bits';

setThreads(1);
const isWide = allowWideKernels().length > 0;
const { processor, runtime, load } = describeMachine();
console.log(`${processor}, ${runtime}${isWide ? ', wide kernels' : ''}, one thread, load ${load}\n`);
if (options.only !== 'quality') await compareSteps();
const missing = missingData();
if (missing !== undefined) console.log(`The quality was not measured: ${missing}.`);
else if (options.only !== 'steps') await compareQuality();

interface Sizes {
  readonly vocabulary: number;
  readonly units: number;
  readonly layers: number;
  readonly dropout: number;
  readonly numSteps: number;
  readonly seed: number;
}

function languageModel({ vocabulary: inputDim, units: width, layers, dropout, numSteps, seed }: Sizes): Sequential {
  setSeed(seed);
  const model = new Sequential([
    new Embedding({ inputDim, outputDim: width, inputShape: [null] }),
    ...Array.from({ length: layers }, () => new LSTM({ units: width, returnSequences: true, stateful: true })),
    ...(dropout > 0 ? [new Dropout({ rate: dropout })] : []),
    new Dense({ units: inputDim, activation: 'softmax' }),
  ]);
  const learningRate = schedules.cosineDecay({ initialLearningRate: 0.004, decaySteps: numSteps });
  model.compile({
    optimizer: optimizers.adam({ learningRate, globalClipNorm: 1 }),
    loss: 'sparseCategoricalCrossentropy',
  });
  return model;
}

/** Batches of parallel streams. */
function* windows(tokens: Int32Array, streams: number, timesteps: number): Generator<DatasetBatch> {
  const length = Math.floor((tokens.length - 1) / streams);
  const shape = [streams, timesteps];
  for (let start = 0; start + timesteps <= length; start += timesteps) {
    const [x, y] = [0, 1].map((shift) => {
      const data = new Int32Array(streams * timesteps);
      for (let row = 0; row < streams; row++) {
        const place = row * length + start + shift;
        data.set(tokens.subarray(place, place + timesteps), row * timesteps);
      }
      return { data, shape };
    });
    yield { x, y };
  }
}

async function compareSteps(): Promise<void> {
  const cases = [
    { vocabulary: 2000, units: 128, layers: 1, timesteps: 20 },
    { vocabulary: 10_000, units: 200, layers: 2, timesteps: 35 },
    { vocabulary: 1000, units: 512, layers: 1, timesteps: 20 },
  ];
  for (const { timesteps, ...sizes } of cases) {
    const numSteps = 4;
    const tokens = Int32Array.from(
      { length: 20 * (numSteps * timesteps + 1) + 1 },
      (_, i) => (i * 7919) % sizes.vocabulary,
    );
    const [plain, aware] = [0, 1].map(() => languageModel({ ...sizes, dropout: 0, numSteps: 1000, seed: 1 }));
    // Of the processor, which other programs disturb less than they do the clock.
    const userMs = (): number => process.cpuUsage().user / 1000;
    const timed = async (model: Sequential, isAware: boolean): Promise<number> => {
      let startedMs = 0;
      // From the end of the first step on: what a run makes once is not counted.
      const clock = { onBatchEnd: (_: unknown, { numSteps: n }: { numSteps: number }) => void (n === 1 && start()) };
      const start = (): void => void (startedMs = userMs());
      const callbacks = isAware ? [new QuantizationAware({ from: 0, format }), clock] : [clock];
      await model.fit(() => windows(tokens, 20, timesteps), { callbacks });
      return (userMs() - startedMs) / (numSteps - 1);
    };
    for (const [model, isAware] of [
      [plain, false],
      [aware, true],
    ] as const)
      await timed(model, isAware);
    const pairs: [plain: number, aware: number][] = [];
    for (let i = 0; i < 15; i++) pairs.push([await timed(plain, false), await timed(aware, true)]);
    const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1];
    const ratios = pairs.map(([a, b]) => b / a).sort((a, b) => a - b);
    console.log(
      `${sizes.layers} LSTM of ${sizes.units}, vocabulary ${sizes.vocabulary}, 20 x ${timesteps}: ` +
        `${median(pairs.map(([a]) => a)).toFixed(1)} ms a step, for ${bits} ${median(pairs.map(([, b]) => b)).toFixed(1)}; ` +
        `ratio ${median(ratios).toFixed(3)} (quartiles ${ratios[3].toFixed(3)} to ${ratios[11].toFixed(3)})`,
    );
  }
}

async function compareQuality(): Promise<void> {
  const all = await readPennTreebank();
  const cut = (tokens: Int32Array): Int32Array => tokens.map((token) => Math.min(token, vocabulary - 1));
  const [train, valid] = [cut(all.train.subarray(0, numWords)), cut(all.valid.subarray(0, 40_000))];
  const stepsOfEpoch = Math.floor((numWords - 1) / 20 / 20);
  const numSteps = epochs * stepsOfEpoch;
  console.log(`\n${numWords} words, a vocabulary of ${vocabulary}, LSTM of ${units} units, ${numSteps} steps`);
  const perplexity = async (model: Sequential): Promise<number> => {
    model.resetStates();
    return Math.exp((await model.evaluate(() => windows(valid, 20, 20))).loss);
  };
  for (const seed of options.seeds.split(',').map(Number))
    for (const [name, callbacks] of [
      ['as usual', []],
      [`for ${bits} from the first step on`, [new QuantizationAware({ from: 0, format })]],
      [`for ${bits} from the half on`, [new QuantizationAware({ from: numSteps >> 1, format })]],
    ] as const) {
      const model = languageModel({ vocabulary, units, layers: 1, dropout: 0.2, numSteps, seed });
      const startedMs = performance.now();
      const resetting = { onEpochBegin: () => model.resetStates() };
      await model.fit(() => windows(train, 20, 20), { epochs, callbacks: [...callbacks, resetting] });
      const seconds = (performance.now() - startedMs) / 1000;
      const whole = await perplexity(model);
      if (format === 'int4') {
        const file = deserializeModel(serializeModel(model, { weightFormat: format })).model as Sequential;
        const ofFile = (await compiledLike(file, perplexity)).toFixed(3);
        console.log(`trained ${name}, seed ${seed}: ${whole.toFixed(3)} as it is, ${ofFile} with weights of 4 bits`);
        continue;
      }
      const small = (await quantize(model)) as Sequential;
      const ofAll = await compiledLike(small, perplexity);
      const rounded = deserializeModel(serializeModel(model)).model as Sequential;
      const numbers = new Map([...small.namedWeights()].map(([path, { variable }]) => [path, variable.dataSync()]));
      for (const [path, { variable }] of rounded.namedWeights()) variable.assign(numbers.get(path)!);
      const ofWeights = await compiledLike(rounded, perplexity);
      console.log(
        `trained ${name}, seed ${seed}: ${whole.toFixed(3)} as it is, ${ofWeights.toFixed(3)} with weights of 8 bits, ` +
          `${ofAll.toFixed(3)} with all of quantize (${seconds.toFixed(0)} s)`,
      );
    }
}

function compiledLike(model: Sequential, measure: (model: Sequential) => Promise<number>): Promise<number> {
  model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
  return measure(model);
}
