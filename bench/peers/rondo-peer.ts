/**
 * Rondo, timed on request by bench/compare.ts in a process of its own like its peers; keras-peer.py describes the
 * requests.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Masking, optimizers, Sequential, setThreads } from '../../src/index.js';
import { describeMachineCode } from '../../src/node.js';
import { layersOf } from '../case-layers.js';
import { CaseModel } from '../case-model.js';
import { isStreaming } from '../cases.js';
import type { ComparedCase } from '../comparison/compared-case.js';
import {
  type Description,
  type Measurement,
  type PeerRequest,
  type Preparation,
  THREADS_VARIABLE,
} from '../comparison/peer-process.js';
import { writeArrays } from '../comparison/shared-arrays.js';

/** By variant: runs a case once, and gives the loss where it is a training case. */
type Runs = Record<string, () => Promise<number> | number>;

const numThreads = Number(process.env[THREADS_VARIABLE] ?? 1);

let runs: Runs = {};

async function prepare(benchCase: ComparedCase, directory: string): Promise<Preparation> {
  const model = new CaseModel(benchCase, benchCase.adamEpsilon);
  writeArrays(directory, model.arrays);
  const outputs = Array.from({ length: isStreaming(benchCase) ? 3 : 1 }, () => model.comparedOutput());
  writeFileSync(join(directory, 'rondo-output.bin'), Buffer.concat(outputs.map(({ buffer }) => Buffer.from(buffer))));
  runs = benchCase.mode === 'train' ? trainingRuns(benchCase, model) : { apply: () => model.infer()[0] };
  const losses: Record<string, number[]> = {};
  if (benchCase.mode === 'train') {
    for (const [variant, run] of Object.entries(runs)) {
      losses[variant] = [];
      for (let step = 0; step < benchCase.checkedSteps; step++) losses[variant].push(await run());
    }
  }
  return { outputFile: 'rondo-output.bin', losses, variants: Object.keys(runs) };
}

/** A model's own `trainOnBatch`, and the step that also computes the gradient by the input. */
function trainingRuns(benchCase: ComparedCase, own: CaseModel): Runs {
  const { timesteps, features, shortestLength, numWords, adamEpsilon } = benchCase;
  const masking = shortestLength === undefined ? [] : [new Masking()];
  const model = new Sequential([...masking, ...layersOf(benchCase, { softmax: true })], {
    inputShape: [timesteps, features],
  });
  const loss = numWords === undefined ? 'meanSquaredError' : 'sparseCategoricalCrossentropy';
  model.compile({ optimizer: optimizers.adam({ learningRate: 1e-3, epsilon: adamEpsilon }), loss });
  model.weights.forEach((weight, i) => weight.assign(own.weightArrays[i].values));
  return {
    trainOnBatch: async () => (await model.trainOnBatch(own.input, own.target)).loss,
    "step with the input's gradient": () => own.train(),
  };
}

async function measure(variant: string, repeats: number): Promise<Measurement> {
  const run = runs[variant];
  const elapsedMs: number[] = [];
  const cpuBefore = process.cpuUsage();
  const wallBefore = performance.now();
  for (let i = 0; i < repeats; i++) {
    const before = performance.now();
    // Waiting for what is there already costs a microsecond, which a streaming step would show.
    const result = run();
    if (typeof result !== 'number') await result;
    elapsedMs.push(performance.now() - before);
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  return { elapsedMs, cpuMs: (user + system) / 1000, wallMs: performance.now() - wallBefore };
}

async function respond(request: PeerRequest): Promise<Description | Preparation | Measurement> {
  switch (request.request) {
    case 'describe':
      setThreads(numThreads);
      return {
        versions: [
          `${describeMachineCode().instructions ?? 'WebAssembly'}, Node ${process.versions.node}`,
          ...process.execArgv,
        ].join(' '),
      };
    case 'prepare':
      return prepare(request.case as ComparedCase, request.directory);
    case 'measure':
      return measure(request.variant, request.repeats);
    case 'close':
      return process.exit(0);
    default:
      throw new Error(`no answer to ${request.request}`);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line) as PeerRequest;
  let answer: object;
  try {
    answer = await respond(request);
  } catch (cause) {
    answer = { error: String(cause) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
