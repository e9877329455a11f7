/**
 * Measures how long one step of one sequence takes, from the input on the host to the output on the host, with the
 * state carried on: as a stateful layer that is applied to one step, and as a stream of the model, in turn.
 *
 *     npm run bench:latency -- [--features 64] [--units 128,256,512] [--cells lstm,gru,minGRU] [--threads 1,2] [--pause-us 0] [--rounds 40]
 *
 * With `--pause-us` the program waits (busily) before each step, as where values come at a rate.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import {
  type CellName,
  cellNamed,
  currentBackend,
  type Layer,
  type ModelStream,
  RNN,
  Sequential,
  scope,
  setThreads,
  type Tensor,
  tensor,
  useBackend,
} from '../src/index.js';
import { describeMachine } from './machine.js';
import { warmUp } from './timing.js';
import { markdownTable } from './write-results.js';

const { values: options } = parseArgs({
  options: {
    features: { type: 'string', default: '64' },
    units: { type: 'string', default: '128,256,512' },
    cells: { type: 'string', default: 'lstm,gru,minGRU' },
    threads: { type: 'string', default: '1,2' },
    'pause-us': { type: 'string', default: '0' },
    rounds: { type: 'string', default: '40' },
  },
});

const features = Number(options.features);
const pauseMs = Number(options['pause-us']) / 1000;
const stepsOfRound = 200;

/** A layer and a stream of the same weights. */
class Subject {
  readonly plainMs: number[] = [];
  readonly streamMs: number[] = [];
  readonly #input = Float32Array.from({ length: features }, (_, i) => Math.sin(i));
  readonly #sequence: Tensor = tensor(this.#input, [1, 1, features]);
  readonly #layer: Layer;
  readonly #stream: ModelStream;

  constructor(
    readonly cell: CellName,
    readonly units: number,
  ) {
    const layer = new RNN({ cell, units, stateful: true, returnSequences: true, inputShape: [null, features] });
    this.#layer = layer;
    this.#stream = new Sequential([layer]).stream();
    const expected = this.plainStep();
    const actual = this.streamStep();
    if (!actual.every((value, i) => value === expected[i]))
      throw new Error(`a stream of ${cell} computes something else than its layer`);
  }

  plainStep = (): ArrayLike<number> => scope(() => this.#layer.apply(this.#sequence).dataSync());

  streamStep = (): Float32Array | Float64Array => this.#stream.step(this.#input);
}

function timeSteps(step: () => unknown, into: number[]): void {
  // The first ones bring the weights back into the caches after the other subject's.
  for (let i = 0; i < 10; i++) step();
  for (let i = 0; i < stepsOfRound; i++) {
    const due = performance.now() + pauseMs;
    while (performance.now() < due);
    const started = performance.now();
    step();
    into.push(performance.now() - started);
  }
}

/** The value that a share of all is below, in microseconds. */
function quantile(valuesMs: readonly number[], share: number): string {
  const sorted = [...valuesMs].sort((a, b) => a - b);
  return (1000 * sorted[Math.floor(share * sorted.length)]).toFixed(1);
}

const { processor, runtime, load } = describeMachine();
console.log(`${processor}, ${runtime}, load ${load}; ${features} features, batch 1, microseconds`);
const serving = (): number => currentBackend().threads?.numServing ?? 1;
const threadCounts = options.threads.split(',').map(Number);
// The backend's memory is shared if it is made for several threads.
setThreads(Math.max(...threadCounts));
useBackend('wasm');
for (const threads of threadCounts) {
  setThreads(threads);
  const subjects = options.cells
    .split(',')
    .flatMap((cell) => options.units.split(',').map((units) => new Subject(cellNamed(cell).name, Number(units))));
  for (const { plainStep, streamStep } of subjects) {
    warmUp(plainStep);
    warmUp(streamStep);
  }
  // Workers start in their own time, and not before there is work to share.
  for (let i = 0; i < 100 && serving() < threads; i++) await wait(20);
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const subject of subjects) {
      timeSteps(subject.plainStep, subject.plainMs);
      timeSteps(subject.streamStep, subject.streamMs);
    }
  }
  const rows = subjects.map(({ cell, units, plainMs, streamMs }) => [
    cell,
    String(units),
    ...[plainMs, streamMs].flatMap((times) => [quantile(times, 0.5), quantile(times, 0.99)]),
  ]);
  console.log(
    `\n${serving() === 1 ? 'one thread' : `${serving()} threads`}\n\n` +
      markdownTable(['cell', 'units', 'layer, median', 'layer, 99 %', 'stream, median', 'stream, 99 %'], rows),
  );
}
// Workers keep the process alive.
setThreads(1);
