/**
 * ONNX Runtime, its native build (`node`) or its WebAssembly build (`web`), timed on request by bench/compare.ts;
 * peer_protocol.py describes the requests. It runs models and trains none. Input and output stay in its own order of axes,
 * which favours it.
 */

import { onnxModel, statesOf } from './onnx-model.mjs';
import { quantizedLSTM } from './onnx-quantized-lstm.mjs';
import {
  arrayNamed,
  clearPadding,
  isStreaming,
  loadOrLeave,
  numThreads,
  readArrays,
  serve,
  swapFirstAxes,
  Unsupported,
  weightsOf,
  writeOutput,
} from './peer-protocol.mjs';

const build = process.argv[2];
const packageName = build === 'web' ? 'onnxruntime-web' : 'onnxruntime-node';
const loaded = await loadOrLeave(() => import(packageName));
const ort = loaded.default?.InferenceSession === undefined ? loaded : loaded.default;
if (build === 'web') ort.env.wasm.numThreads = numThreads;

let session;

async function prepare(benchCase, directory) {
  await session?.release();
  session = undefined;
  const { mode, batch, timesteps, features } = benchCase;
  if (mode === 'train') throw new Unsupported('it does not train');
  const arrays = readArrays(directory);
  const weights = weightsOf(arrays);
  const bytes = benchCase.quantized ? quantizedLSTM(benchCase, weights) : onnxModel(benchCase, weights);
  session = await ort.InferenceSession.create(bytes, {
    executionProviders: [build === 'web' ? 'wasm' : 'cpu'],
    graphOptimizationLevel: 'all',
    intraOpNumThreads: numThreads,
    interOpNumThreads: 1,
  });
  const lengths = arrayNamed(arrays, 'lengths')?.values;
  const x = new ort.Tensor('float32', swapFirstAxes(arrayNamed(arrays, 'input').values, batch, timesteps), [
    timesteps,
    batch,
    features,
  ]);
  const feeds = {
    x,
    ...(lengths === undefined ? {} : { lengths: new ort.Tensor('int32', Int32Array.from(lengths), [batch]) }),
  };
  const run = isStreaming(benchCase) ? stream(benchCase, feeds) : async () => (await session.run(feeds)).y.data;
  const outputs = [];
  for (let i = 0; i < (isStreaming(benchCase) ? 3 : 1); i++) {
    const output = swapFirstAxes(await run(), timesteps, batch);
    outputs.push(lengths === undefined ? output : clearPadding(output, [batch, timesteps], lengths));
  }
  return {
    outputFile: writeOutput(directory, `onnx-runtime-${build}-output.bin`, outputs),
    losses: {},
    variants: { 'session.run': run },
  };
}

/** Runs one step after the other, the states given back in. */
function stream(benchCase, feeds) {
  const { names, shape } = statesOf(benchCase);
  const size = shape.reduce((a, b) => a * b, 1);
  const states = Object.fromEntries(
    names.map((name) => [name, new ort.Tensor('float32', new Float32Array(size), shape)]),
  );
  return async () => {
    const results = await session.run({ ...feeds, ...states });
    for (const name of names) states[name] = results[`next_${name}`];
    return results.y.data;
  };
}

const { versions } = ort.env;
await serve(
  `${versions?.[build] ?? versions?.common ?? ''} ${build === 'web' ? 'WebAssembly' : 'CPU'}, ${numThreads} threads`,
  prepare,
);
