/**
 * jax-js with its WebAssembly backend, timed on request by bench/compare.ts; peer_protocol.py describes the requests. It has
 * no recurrent layers and no loop inside `jit`, so cells are written as its users would and their steps unrolled. A whole
 * training step, Adam included, is one function under `jit`. Arrays are in the order of time, batch, columns.
 */
import { readFileSync } from 'node:fs';
import {
  arrayNamed,
  clearPadding,
  isStreaming,
  loadOrLeave,
  readArrays,
  serve,
  swapFirstAxes,
  Unsupported,
  weightsOf,
  writeOutput,
} from './peer-protocol.mjs';

const jax = await loadOrLeave(() => import('@jax-js/jax'));
const { cells, forward } = await import('./jax-js-cells.mjs');
const { jit, nn, numpy: np, valueAndGrad } = jax;
await jax.init('wasm');
jax.defaultDevice('wasm');

/** Unrolled steps that `jit` compiles within a minute or so. */
const MOST_STEPS = 256;

const arrayOf = (values, shape) => np.array(values).reshape(shape);
const refs = (arrays) => arrays.map((array) => array.ref);

let held = [];

function hold(arrays) {
  held.push(...arrays);
  return arrays;
}

async function prepare(benchCase, directory) {
  for (const array of held) if (array.refCount > 0) array.dispose();
  held = [];
  const { cell, mode, batch, timesteps, features } = benchCase;
  if (cells[cell] === undefined) throw new Unsupported(`the peer has no equations for the cell ${cell}`);
  if (timesteps > MOST_STEPS)
    throw new Unsupported(`it has no loop under jit, and compiling ${timesteps} unrolled steps takes minutes`);
  const arrays = readArrays(directory);
  const weights = hold(weightsOf(arrays).map(({ values, shape }) => arrayOf(values, shape)));
  const [x] = hold([
    arrayOf(swapFirstAxes(arrayNamed(arrays, 'input').values, batch, timesteps), [timesteps, batch, features]),
  ]);
  const lengths = arrayNamed(arrays, 'lengths')?.values;
  const infer = isStreaming(benchCase) ? stream(benchCase, weights, x) : inference(benchCase, weights, x);
  const outputs = [];
  for (let i = 0; i < (isStreaming(benchCase) ? 3 : 1); i++) {
    const output = swapFirstAxes(await infer(), timesteps, batch);
    outputs.push(lengths === undefined ? output : clearPadding(output, [batch, timesteps], lengths));
  }
  const outputFile = writeOutput(directory, 'jax-js-output.bin', outputs);
  if (mode === 'infer') return { outputFile, losses: {}, variants: { jit: infer } };
  const train = training(benchCase, weights, x, arrays, lengths);
  const losses = [];
  for (let i = 0; i < benchCase.checkedSteps; i++) losses.push(await train());
  return { outputFile, losses: { jit: losses }, variants: { jit: train } };
}

function inference(benchCase, weights, x) {
  const run = jit((ownWeights, input) => {
    const { output } = forward(benchCase, ownWeights, input);
    return benchCase.numWords === undefined ? output : nn.softmax(output, -1);
  });
  return async () => run(refs(weights), x.ref).data();
}

function stream(benchCase, weights, x) {
  const { cell, batch, units } = benchCase;
  const run = jit((ownWeights, input, states) => {
    const { output, states: next } = forward(benchCase, ownWeights, input, states);
    return [output, next];
  });
  let states = Array.from({ length: cells[cell].numStates }, () => np.zeros([batch, units]));
  return async () => {
    const [output, next] = run(refs(weights), x.ref, states);
    states = next;
    return output.data();
  };
}

/** `target` as the loss reads it: the values, or a one for the word to tell; and the weight of each value where steps do not count. */
function targetOf({ batch, timesteps, numWords }, { values, shape }, lengths) {
  if (numWords !== undefined) {
    const words = new Float32Array(timesteps * batch * numWords);
    swapFirstAxes(values, batch, timesteps).forEach((word, row) => (words[row * numWords + word] = 1));
    return [arrayOf(words, [timesteps, batch, numWords])];
  }
  const target = arrayOf(swapFirstAxes(values, batch, timesteps), [timesteps, batch, shape[2]]);
  if (lengths === undefined) return [target];
  const share = 1 / (lengths.reduce((sum, length) => sum + length, 0) * shape[2]);
  const weights = Float32Array.from({ length: timesteps * batch }, (_, row) =>
    Math.floor(row / batch) < lengths[row % batch] ? share : 0,
  );
  return [target, arrayOf(weights, [timesteps, batch, 1])];
}

function lossOf({ batch, timesteps, numWords }, output, [target, share]) {
  if (numWords !== undefined)
    return nn
      .logSoftmax(output, -1)
      .mul(target)
      .sum()
      .mul(-1 / (batch * timesteps));
  const errors = np.square(output.sub(target));
  // Means of means: its sum of all values at once loses digits.
  return share === undefined ? errors.mean(2).mean(1).mean() : errors.mul(share).sum(2).sum(1).sum();
}

function training(benchCase, weights, x, arrays, lengths) {
  const target = hold(targetOf(benchCase, arrayNamed(arrays, 'target'), lengths));
  const gradient = valueAndGrad((own, input, wanted) =>
    lossOf(benchCase, forward(benchCase, own, input).output, wanted),
  );
  const step = jit((own, momentum, velocity, alpha, input, wanted) => {
    const [loss, gradients] = gradient(refs(own), input, wanted);
    const nextMomentum = momentum.map((m, i) => m.mul(0.9).add(gradients[i].ref.mul(0.1)));
    const nextVelocity = velocity.map((v, i) => v.mul(0.999).add(np.square(gradients[i]).mul(0.001)));
    const next = own.map((weight, i) =>
      weight.sub(alpha.ref.mul(nextMomentum[i].ref).div(np.sqrt(nextVelocity[i].ref).add(benchCase.adamEpsilon))),
    );
    alpha.dispose();
    return [loss, next, nextMomentum, nextVelocity];
  });
  let own = refs(weights);
  let momentum = weights.map(({ shape }) => np.zeros(shape));
  let velocity = weights.map(({ shape }) => np.zeros(shape));
  let count = 0;
  return async () => {
    count++;
    const alpha = np.array([(1e-3 * Math.sqrt(1 - 0.999 ** count)) / (1 - 0.9 ** count)]);
    const [loss, ...next] = step(own, momentum, velocity, alpha, x.ref, refs(target));
    [own, momentum, velocity] = next;
    return (await loss.data())[0];
  };
}

const { version } = JSON.parse(readFileSync(new URL('node_modules/@jax-js/jax/package.json', import.meta.url), 'utf8'));
// Its worker threads need a browser's `Worker`, which Node has not.
await serve(`${version}, backend wasm, one thread`, prepare);
