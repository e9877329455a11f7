/**
 * Trains a language model, a classifier and a translator in Rondo and in PyTorch, with the same architecture, initial
 * distributions, data and number of steps, over several seeds in turn: whether both come out equally good, and how long
 * each takes. Writes JSON and Markdown to bench/results:
 *
 *     npm run bench:quality -- [--python PATH] [--task NAMES] [--seeds 3] [--threads 1] [--epochs N] [--share 1] [--out FOLDER]
 *
 * Reads lm/tinyshakespeare, sentiment/rt-polarity and translation/multi30k/raw below $RONDO_DATA; Python needs torch.
 * Every run has a process of its own; only its training steps are timed, with what V8 and PyTorch have to warm up in
 * them. `--share 0.05` takes only that part of the data, for a trial, whose files have a name of their own.
 *
 * From the same weights both compute the same losses, but for rounding and the epsilon of Adam, which PyTorch adds
 * elsewhere. The runs here start from weights of their own, as a user's would.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { RondoError } from '../src/index.js';
import { PeerProcess, PeerRefusal, type TrainingFacts } from './comparison/peer-process.js';
import { describeMachine } from './machine.js';
import { linesOfTask, markdownOfQuality, type QualityReport, type TaskReport } from './quality/quality-report.js';
import type { QualityTask } from './quality/quality-task.js';
import { qualityTask, qualityTasks } from './quality/quality-tasks.js';
import { benchFolder, resultName, writeResult } from './write-results.js';

const { values: options } = parseArgs({
  options: {
    /** The interpreter that has PyTorch; else the environment's RONDO_PYTHON. */
    python: { type: 'string', default: process.env.RONDO_PYTHON ?? 'python3' },
    /** Names of tasks, with commas between. */
    task: { type: 'string', default: qualityTasks.map(({ name }) => name).join(',') },
    seeds: { type: 'string', default: '3' },
    threads: { type: 'string', default: '1' },
    /** By default each task's own. */
    epochs: { type: 'string' },
    share: { type: 'string', default: '1' },
    /** Seconds after which a run is given up. */
    timeout: { type: 'string', default: '3600' },
    /** The folder to write to; bench/results by default. */
    out: { type: 'string' },
  },
});

/** What is compared. */
interface Pair {
  readonly rondo: PeerProcess;
  readonly pytorch: PeerProcess;
}

function number(name: 'seeds' | 'threads' | 'epochs' | 'share' | 'timeout', given: string): number {
  const value = Number(given);
  if (value > 0 && (name === 'share' ? value <= 1 : Number.isInteger(value))) return value;
  console.error(
    `bench:quality: --${name} takes ` +
      `${name === 'share' ? 'a number above 0, at most 1' : 'a whole number of at least 1'}, not \`${given}\`.`,
  );
  process.exit(2);
}

/** The libraries, each to be started anew for every run. */
function startPair(numThreads: number, timeoutMs: number): Pair {
  // Rondo's side is compiled; PyTorch's lies in bench as it is.
  const here = fileURLToPath(new URL('.', import.meta.url));
  const common = { numThreads, timeoutMs };
  return {
    rondo: new PeerProcess({
      name: 'Rondo',
      program: process.execPath,
      args: [...process.execArgv, join(here, 'peers/rondo-quality.js')],
      ...common,
    }),
    pytorch: new PeerProcess({
      name: 'PyTorch',
      program: options.python,
      args: [join(benchFolder, 'peers/pytorch-quality.py')],
      ...common,
    }),
  };
}

/** @throws PeerRefusal where a library cannot do it, or the models differ in size. */
async function compareTask(
  task: QualityTask,
  pair: Pair,
  numSeeds: number,
  share: number,
  directory: string,
): Promise<TaskReport> {
  const epochs = options.epochs === undefined ? task.defaultEpochs : number('epochs', options.epochs);
  const dataFile = join(directory, `${task.name}.json`);
  writeFileSync(dataFile, JSON.stringify(await task.prepare(share, epochs)));
  const numParameters = await commonSize(task, pair, dataFile);
  const runs: TaskReport['runs'] = { Rondo: [], PyTorch: [] };
  for (let seed = 1; seed <= numSeeds; seed++) {
    for (const peer of [pair.rondo, pair.pytorch]) {
      const built = await peer.build(task.name, dataFile, seed);
      const trained: TrainingFacts = await peer.train();
      peer.close();
      runs[peer.name as keyof TaskReport['runs']].push({ seed, ...built, ...trained });
      const scores = Object.entries(trained.scores).map(
        ([name, value]) => `${task.scoreTitles[name]} ${value.toFixed(4)}`,
      );
      console.log(
        `${task.name}, seed ${seed}, ${peer.name}: ${scores.join(', ')}, ${(trained.trainMs / 1000).toFixed(1)} s`,
      );
    }
  }
  return { name: task.name, epochs, numParameters, scoreTitles: task.scoreTitles, runs };
}

/** The number of parameters of both models. @throws PeerRefusal where they differ */
async function commonSize(task: QualityTask, pair: Pair, dataFile: string): Promise<number> {
  const sizes: number[] = [];
  for (const peer of [pair.rondo, pair.pytorch]) {
    sizes.push((await peer.build(task.name, dataFile, 1)).numParameters);
    peer.close();
    console.log(`${task.name}, ${peer.name}: ${sizes.at(-1)} parameters`);
  }
  if (sizes[0] === sizes[1]) return sizes[0];
  throw new PeerRefusal(`${task.name}: the models are not the same: they have ${sizes.join(' and ')} parameters`);
}

async function main(): Promise<void> {
  const tasks = options.task.split(',').map(qualityTask);
  const threads = number('threads', options.threads);
  const numSeeds = number('seeds', options.seeds);
  const share = number('share', options.share);
  const pair = startPair(threads, number('timeout', options.timeout) * 1000);
  const directory = mkdtempSync(join(tmpdir(), 'rondo-quality-'));
  try {
    const machine = describeMachine();
    const versions = await versionsOf(pair);
    if (versions === undefined) return;
    console.log(
      `${machine.processor}, ${machine.logicalCores} logical cores, load ${machine.load}; Rondo: ` +
        `${versions.Rondo}; PyTorch: ${versions.PyTorch}\n`,
    );
    const report: QualityReport = {
      machine,
      date: new Date().toISOString(),
      versions,
      threads,
      numSeeds,
      share,
      tasks: [],
      notRun: {},
    };
    for (const task of tasks) {
      const missing = task.files.find((file) => !existsSync(file));
      if (missing === undefined) {
        const compared = await compareTask(task, pair, numSeeds, share, directory);
        report.tasks.push(compared);
        // Written after every task, so that an interrupted run leaves what it found.
        const written = write({ ...report, loadAfter: describeMachine().load });
        console.log(`\n${linesOfTask(compared).join('\n')}\n\nwrote ${written} and the same as JSON\n`);
      } else {
        report.notRun[task.name] =
          `${missing} does not exist; set RONDO_DATA to the folder that holds lm, sentiment and translation`;
        console.log(`${task.name} was not run: ${report.notRun[task.name]}.`);
      }
    }
  } finally {
    closeBoth(pair);
    rmSync(directory, { recursive: true });
  }
}

/** What runs; undefined where PyTorch is not there, which is said. */
async function versionsOf({ rondo, pytorch }: Pair): Promise<QualityReport['versions'] | undefined> {
  const own = (await rondo.describe()).versions;
  rondo.close();
  try {
    return { Rondo: own, PyTorch: (await pytorch.describe()).versions };
  } catch (reason) {
    if (!(reason instanceof PeerRefusal)) throw reason;
    console.log(`bench:quality was not run: ${reason.message}; name a Python with torch by --python or RONDO_PYTHON.`);
    return undefined;
  } finally {
    pytorch.close();
  }
}

function closeBoth({ rondo, pytorch }: Pair): void {
  rondo.close();
  pytorch.close();
}

/** @returns the path of the Markdown file */
function write(report: QualityReport): string {
  const name = resultName(report.share < 1 ? 'quality-trial' : 'quality', report.threads);
  writeResult(`${name}.json`, `${JSON.stringify(report, null, 2)}\n`, options.out);
  return writeResult(`${name}.md`, markdownOfQuality(report), options.out);
}

try {
  await main();
} catch (reason) {
  // A name that is not known, or a run that failed; other errors are faults of this program.
  if (!(reason instanceof RondoError || reason instanceof PeerRefusal)) throw reason;
  console.error(reason.message);
  process.exitCode = reason instanceof RondoError ? 2 : 1;
}
