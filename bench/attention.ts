/**
 * Times multi-head attention written with public `ops`, forward and backward, and counts its kernel calls; beside
 * another build of the library, in turns, where its `dist` folder is named:
 *
 *     npm run bench:attention -- [OTHER_DIST] [--batch 32] [--heads 8] [--timesteps 100] [--depth 16] [--threads 1] [--turns 15]
 *
 * GFLOP/s count the six matrix products of a training step.
 */
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { Backend, Tensor } from '../src/index.js';
import { describeMachine } from './machine.js';
import { median, middleHalf, timeRuns, warmUp } from './timing.js';

type Library = typeof import('../src/index.js');

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    batch: { type: 'string', default: '32' },
    heads: { type: 'string', default: '8' },
    timesteps: { type: 'string', default: '100' },
    depth: { type: 'string', default: '16' },
    threads: { type: 'string', default: '1' },
    turns: { type: 'string', default: '15' },
  },
});
const [batch, heads, timesteps, depth, threads, turns] = (
  ['batch', 'heads', 'timesteps', 'depth', 'threads', 'turns'] as const
).map((name) => Number(options[name]));
const TURN_MS = 200;
const kernels = ['matmul', 'pointwise', 'gatherRows', 'scatterAddRows', 'fill'];

/** A wrapped backend that counts calls of kernels. */
function counting(inner: Backend, count: () => void): Backend {
  return new Proxy(inner, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]): unknown => {
        if (kernels.includes(String(name))) count();
        return value.apply(target, given);
      };
    },
  });
}

/** One training step of a build; gives the gradients where they are asked for. */
function stepOf({ ops, tensor, valueAndGradients, Random }: Library): () => readonly Tensor[] {
  const random = new Random(1);
  const width = heads * depth;
  const inputs = [0, 1, 2].map(() =>
    tensor(
      Float32Array.from({ length: batch * timesteps * width }, () => random.normal()),
      [batch, timesteps, width],
    ),
  );
  const split = (x: Tensor): Tensor => ops.transpose(ops.reshape(x, [batch, timesteps, heads, depth]), [0, 2, 1, 3]);
  return () =>
    valueAndGradients(() => {
      const [q, k, v] = inputs.map(split);
      const weights = ops.softmax(ops.mul(ops.matmul(q, k, { transposeB: true }), 1 / Math.sqrt(depth)));
      return ops.sum(ops.square(ops.transpose(ops.matmul(weights, v), [0, 2, 1, 3])));
    }, inputs).gradients;
}

async function main(): Promise<void> {
  const own = fileURLToPath(new URL('..', import.meta.url));
  const builds = [own, ...positionals.map((dist) => resolve(dist))];
  const steps: (() => void)[] = [];
  const results: (readonly (Float32Array | Float64Array)[])[] = [];
  const calls: number[] = [];
  for (const dist of builds) {
    const library = (await import(pathToFileURL(join(dist, 'src/index.js')).href)) as Library;
    const inner = library.useBackend('wasm');
    library.setThreads(threads);
    const step = stepOf(library);
    let numCalls = 0;
    library.useBackend(counting(inner, () => numCalls++));
    results.push(step().map((gradient) => gradient.dataSync()));
    calls.push(numCalls);
    library.useBackend(inner);
    warmUp(step);
    // Workers start only when this thread has nothing to do for a moment.
    await new Promise((done) => setTimeout(done, 100));
    warmUp(step);
    steps.push(step);
  }
  const times: number[][] = steps.map(() => []);
  for (let turn = 0; turn < turns; turn++) {
    const order = [...steps.keys()];
    if (turn % 2 === 1) order.reverse();
    for (const i of order) times[i].push(median(timeRuns(steps[i], TURN_MS, 3)));
  }
  const { processor, runtime, load } = describeMachine();
  console.log(`${processor}, ${runtime}, load ${load}, ${threads} threads`);
  console.log(`batch ${batch}, ${heads} heads, ${timesteps} steps, ${depth} a head; forward and backward`);
  const operations = 6 * 2 * batch * heads * timesteps * timesteps * depth;
  builds.forEach((dist, i) => {
    const ms = median(times[i]);
    console.log(
      `${ms.toFixed(2).padStart(8)} ms  ${(operations / ms / 1e6).toFixed(1).padStart(6)} GFLOP/s  ` +
        `${String(calls[i]).padStart(5)} kernel calls  ${i === 0 ? 'this build' : dist}`,
    );
  });
  for (let i = 1; i < builds.length; i++) {
    const ratios = times[i].map((ms, turn) => ms / times[0][turn]);
    const isSame = results[i].every((values, j) => values.every((value, at) => Object.is(value, results[0][j][at])));
    console.log(
      `${median(ratios).toFixed(2)} times as fast (middle half of ${turns} turns ${middleHalf(ratios, 2)}); ` +
        `gradients ${isSame ? 'have the same bits' : 'DIFFER'}`,
    );
  }
}

await main();
process.exit(0);
