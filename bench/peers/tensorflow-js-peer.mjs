/**
 * TensorFlow.js with its WebAssembly backend (SIMD, one thread), timed on request by bench/compare.ts. One JSON request a
 * line on standard input, one JSON answer a line on standard output; keras-peer.py describes the requests.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

// Answers alone go to standard output; the library prints to the console.
for (const method of ['log', 'info', 'warn']) console[method] = console.error;

const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

let tf;
try {
  const wasm = await import('@tensorflow/tfjs-backend-wasm');
  tf = await import('@tensorflow/tfjs');
  const files = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'));
  wasm.setWasmPaths(`${files}/`);
  wasm.setThreadsCount(1);
  await tf.setBackend('wasm');
  await tf.ready();
} catch (cause) {
  if (cause.code !== 'ERR_MODULE_NOT_FOUND') throw cause;
  answer({ missing: `the package is not installed: ${cause.message.split('\n')[0]} (npm install --prefix bench/peers)` });
  process.exit(0);
}

const makers = {
  // TensorFlow.js's own defaults are a hard sigmoid and no bias at 1; these are Keras 3's.
  lstm: (options) => tf.layers.lstm({ ...options, recurrentActivation: 'sigmoid' }),
  gruResetBefore: (options) => tf.layers.gru({ ...options, recurrentActivation: 'sigmoid', resetAfter: false }),
  simple: (options) => tf.layers.simpleRNN(options),
};

let prepared;

function readArrays(directory) {
  const listed = JSON.parse(readFileSync(join(directory, 'arrays.json'), 'utf8'));
  const bytes = readFileSync(join(directory, 'arrays.bin'));
  const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  return listed.map(({ name, shape, offset, size }) => ({ name, tensor: tf.tensor(values.slice(offset, offset + size), shape) }));
}

async function prepare(benchCase, directory) {
  prepared?.model.dispose();
  prepared = undefined;
  const { cell, mode, batch, timesteps, features, units, layers } = benchCase;
  if (makers[cell] === undefined) return { unsupported: `it has no layer for the cell ${cell}${cell === 'gru' ? ' (reset after the product)' : ''}` };
  const isStreaming = mode === 'infer' && timesteps === 1;
  const arrays = readArrays(directory);
  const [input, target] = ['input', 'target'].map((wanted) => arrays.find(({ name }) => name === wanted).tensor);
  const model = tf.sequential();
  for (let i = 0; i < layers; i++) {
    const initializers = { kernelInitializer: 'zeros', recurrentInitializer: 'zeros', biasInitializer: 'zeros', unitForgetBias: false };
    model.add(makers[cell]({ units, returnSequences: true, stateful: isStreaming, batchInputShape: [batch, timesteps, i === 0 ? features : units], ...initializers }));
  }
  model.setWeights(arrays.filter(({ name }) => name !== 'input' && name !== 'target').map(({ tensor }) => tensor));
  model.compile({ optimizer: tf.train.adam(1e-3, 0.9, 0.999, benchCase.adamEpsilon), loss: 'meanSquaredError' });
  const infer = () => tf.tidy(() => model.predictOnBatch(input).dataSync());
  const train = async () => model.trainOnBatch(input, target);
  prepared = { model, variants: mode === 'train' ? { trainOnBatch: train } : { predictOnBatch: infer } };
  const outputs = Array.from({ length: isStreaming ? 3 : 1 }, infer);
  writeFileSync(join(directory, 'tensorflow-js-output.bin'), Buffer.concat(outputs.map((values) => Buffer.from(values.buffer, values.byteOffset, values.byteLength))));
  const losses = {};
  if (mode === 'train') {
    losses.trainOnBatch = [];
    for (let i = 0; i < benchCase.checkedSteps; i++) losses.trainOnBatch.push(await train());
  }
  return { outputFile: 'tensorflow-js-output.bin', losses, variants: Object.keys(prepared.variants) };
}

async function measure(variant, repeats) {
  const run = prepared.variants[variant];
  const elapsedMs = [];
  const cpuBefore = process.cpuUsage();
  const wallBefore = performance.now();
  for (let i = 0; i < repeats; i++) {
    const before = performance.now();
    await run();
    elapsedMs.push(performance.now() - before);
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  return { elapsedMs, cpuMs: (user + system) / 1000, wallMs: performance.now() - wallBefore };
}

async function respond(request) {
  switch (request.request) {
    case 'describe':
      return { versions: `${tf.version.tfjs}, backend ${tf.getBackend()}, Node ${process.versions.node}` };
    case 'prepare':
      return prepare(request.case, request.directory);
    case 'measure':
      return measure(request.variant, request.repeats);
    default:
      return { error: `unknown request ${request.request}` };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  if (request.request === 'close') break;
  try {
    answer(await respond(request));
  } catch (cause) {
    answer({ error: String(cause) });
  }
}
process.exit(0);
