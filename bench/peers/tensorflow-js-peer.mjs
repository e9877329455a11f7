/**
 * TensorFlow.js with its WebAssembly backend (SIMD), timed on request by bench/compare.ts; peer_protocol.py describes the
 * requests.
 */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import {
  arrayNamed,
  clearPadding,
  isStreaming,
  loadOrLeave,
  numThreads,
  readArrays,
  serve,
  Unsupported,
  weightsOf,
  writeOutput,
} from './peer-protocol.mjs';

const tf = await loadOrLeave(async () => {
  const wasm = await import('@tensorflow/tfjs-backend-wasm');
  const library = await import('@tensorflow/tfjs');
  wasm.setWasmPaths(`${dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'))}/`);
  wasm.setThreadsCount(numThreads);
  await library.setBackend('wasm');
  await library.ready();
  return library;
});

const makers = {
  // TensorFlow.js's own defaults are a hard sigmoid and no bias at 1; these are Keras 3's.
  lstm: (options) => tf.layers.lstm({ ...options, recurrentActivation: 'sigmoid' }),
  gruResetBefore: (options) => tf.layers.gru({ ...options, recurrentActivation: 'sigmoid', resetAfter: false }),
  simple: (options) => tf.layers.simpleRNN(options),
};

let model;

/** Padding stands behind the sequences and changes no earlier step, so that no mask is needed but in the loss. */
function build(benchCase, arrays) {
  const { cell, batch, timesteps, features, units, layers, bidirectional, numWords } = benchCase;
  const built = tf.sequential();
  const batchInputShape = [batch, timesteps, features];
  const zeros = {
    kernelInitializer: 'zeros',
    recurrentInitializer: 'zeros',
    biasInitializer: 'zeros',
    unitForgetBias: false,
  };
  for (let i = 0; i < layers; i++) {
    const first = i === 0 ? { batchInputShape } : {};
    const layer = makers[cell]({
      units,
      returnSequences: true,
      stateful: isStreaming(benchCase),
      ...zeros,
      ...(bidirectional ? {} : first),
    });
    built.add(bidirectional ? tf.layers.bidirectional({ layer, mergeMode: 'concat', ...first }) : layer);
  }
  if (numWords !== undefined)
    built.add(tf.layers.dense({ units: numWords, activation: 'softmax', kernelInitializer: 'zeros' }));
  const weights = weightsOf(arrays).map(({ values, shape }) => tf.tensor(values, shape));
  built.setWeights(weights);
  tf.dispose(weights);
  return built;
}

async function prepare(benchCase, directory) {
  model?.dispose();
  model = undefined;
  const { cell, mode, batch, timesteps, numWords } = benchCase;
  if (makers[cell] === undefined)
    throw new Unsupported(`it has no layer for the cell ${cell}${cell === 'gru' ? ' (reset after the product)' : ''}`);
  const arrays = readArrays(directory);
  const [input, target] = ['input', 'target']
    .map((wanted) => arrayNamed(arrays, wanted))
    .map(({ values, shape }) => tf.tensor(values, shape.length === 2 ? [...shape, 1] : shape));
  model = build(benchCase, arrays);
  model.compile({
    optimizer: tf.train.adam(1e-3, 0.9, 0.999, benchCase.adamEpsilon),
    loss: numWords === undefined ? 'meanSquaredError' : 'sparseCategoricalCrossentropy',
  });
  const infer = () => tf.tidy(() => model.predictOnBatch(input).dataSync());
  const lengths = arrayNamed(arrays, 'lengths')?.values;
  const train =
    lengths === undefined
      ? async () => model.trainOnBatch(input, target)
      : maskedStep(benchCase, input, target, lengths);
  const outputs = Array.from({ length: isStreaming(benchCase) ? 3 : 1 }, infer).map((values) =>
    lengths === undefined ? values : clearPadding(values.slice(), [batch, timesteps], lengths),
  );
  const outputFile = writeOutput(directory, 'tensorflow-js-output.bin', outputs);
  if (mode === 'infer') return { outputFile, losses: {}, variants: { predictOnBatch: infer } };
  const losses = [];
  for (let i = 0; i < benchCase.checkedSteps; i++) losses.push(await train());
  const variant = lengths === undefined ? 'trainOnBatch' : 'optimizer.minimize with the loss masked';
  return { outputFile, losses: { [variant]: losses }, variants: { [variant]: train } };
}

/** The losses that the library has take no mask. */
function maskedStep({ batch, timesteps, units, adamEpsilon }, input, target, lengths) {
  const share = 1 / (lengths.reduce((sum, length) => sum + length, 0) * units);
  const weights = tf.tensor(
    Float32Array.from({ length: batch * timesteps }, (_, row) =>
      row % timesteps < lengths[Math.floor(row / timesteps)] ? share : 0,
    ),
    [batch, timesteps, 1],
  );
  const optimizer = tf.train.adam(1e-3, 0.9, 0.999, adamEpsilon);
  // Summed in two steps: its sum of all values at once loses digits.
  return async () => {
    const loss = optimizer.minimize(
      () => tf.sum(tf.sum(tf.mul(tf.squaredDifference(model.apply(input, { training: true }), target), weights), 2)),
      true,
    );
    const [value] = await loss.data();
    loss.dispose();
    return value;
  };
}

await serve(`${tf.version.tfjs}, backend ${tf.getBackend()}, ${numThreads} threads`, prepare);
