/**
 * Rondo's side of bench/quality.ts, in a process of its own like its peer; pytorch-quality.py describes the requests.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setSeed, setThreads } from '../../src/index.js';
import { allowWideKernels } from '../../src/node.js';
import {
  type Description,
  type PeerRequest,
  THREADS_VARIABLE,
  type TraineeFacts,
  type TrainingFacts,
} from '../comparison/peer-process.js';
import type { TaskData, Trainee } from '../quality/quality-task.js';
import { qualityTask } from '../quality/quality-tasks.js';

const numThreads = Number(process.env[THREADS_VARIABLE] ?? 1);
const flags = allowWideKernels();

let trainee: Trainee | undefined;

async function respond(request: PeerRequest): Promise<Description | TraineeFacts | TrainingFacts> {
  switch (request.request) {
    case 'describe':
      setThreads(numThreads);
      return {
        versions:
          `backend wasm, ${[`Node ${process.versions.node}`, ...process.execArgv, ...flags].join(' ')}, ` +
          `${numThreads} threads`,
      };
    case 'build':
      setThreads(numThreads);
      setSeed(request.seed);
      trainee = qualityTask(request.task).build(JSON.parse(readFileSync(request.dataFile, 'utf8')) as TaskData);
      return { numParameters: trainee.numParameters, initialLoss: await trainee.initialLoss() };
    case 'train': {
      if (trainee === undefined) throw new Error('nothing was built');
      const run = await trainee.train();
      return { ...run, scores: await trainee.scores() };
    }
    case 'close':
      return process.exit(0);
    default:
      throw new Error(`no answer to ${request.request}`);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer: object;
  try {
    answer = await respond(JSON.parse(line) as PeerRequest);
  } catch (cause) {
    answer = { error: String(cause) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
