import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { fuzzedFormats } from './formats.js';
import { bounds, type FuzzCounts, fuzz } from './fuzz-run.js';
import { mutantsOf } from './mutants.js';

const usage = `npm run fuzz -- [options]

Gives every reader of files damaged ones, and says which end in anything but a coded error, take longer than a second, or
take more than ${bounds.growthBytes / 2 ** 20} MiB.

  --format NAME  only formats whose name contains this
  --count N      files of each format (default 100000)
  --from N       begin with the N-th file
  --seed N       other files (default 0)
  --keep FOLDER  where files that show a fault are written (default out/fuzz)
`;

/** What a worker is given. */
interface Task {
  readonly format: string;
  readonly from: number;
  readonly count: number;
  readonly seed: number;
  /** The number of the file that it is at. */
  readonly place: Int32Array<SharedArrayBuffer>;
}

/** A file at which nothing has moved for so long hangs; a worker may take longer to begin on a busy machine. */
const [hangMs, beginningMs] = [30_000, 300_000];

if (isMainThread) await main();
else {
  const { format, from, count, seed, place } = workerData as Task;
  const chosen = fuzzedFormats.find(({ name }) => name === format)!;
  parentPort!.postMessage(
    await fuzz(chosen, { from, count, seed, isMeasured: true, onNext: (at) => Atomics.store(place, 0, at) }),
  );
}

async function main(): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      format: { type: 'string', default: '' },
      count: { type: 'string', default: '100000' },
      from: { type: 'string', default: '0' },
      seed: { type: 'string', default: '0' },
      keep: { type: 'string', default: 'out/fuzz' },
      help: { type: 'boolean', default: false },
    },
  });
  if (options.help) {
    process.stdout.write(usage);
    return;
  }
  const [count, from, seed] = [options.count, options.from, options.seed].map(Number);
  for (const format of fuzzedFormats.filter(({ name }) => name.includes(options.format))) {
    const begun = performance.now();
    const { numRead, numRefused, slowestMs, faults } = await inWorker(format.name, from, count, seed);
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    process.stdout.write(
      `${format.name}: ${numRead + numRefused} files, ${numRead} read, ${numRefused} refused, ` +
        `${faults.length} faults, slowest ${slowestMs.toFixed(1)} ms, ${seconds} s\n`,
    );
    const mutant = await mutantsOf(format, seed);
    for (const { at, what } of faults.slice(0, 20)) {
      mkdirSync(options.keep, { recursive: true });
      const path = join(options.keep, `${format.name.replace(/\W+/g, '-')}-${at}`);
      writeFileSync(path, await mutant(at));
      process.stdout.write(`  ${path}: ${what}\n`);
    }
    if (faults.length > 0) process.exitCode = 1;
  }
}

/** Goes on behind files at which a worker hangs or dies. */
async function inWorker(format: string, from: number, count: number, seed: number): Promise<FuzzCounts> {
  const all: FuzzCounts = { numRead: 0, numRefused: 0, slowestMs: 0, faults: [] };
  for (let at = from; at < from + count; ) {
    const place = new Int32Array(new SharedArrayBuffer(4)).fill(at - 1);
    const task: Task = { format, from: at, count: from + count - at, seed, place };
    const ended = await endOf(task);
    if (typeof ended !== 'string') {
      all.numRead += ended.numRead;
      all.numRefused += ended.numRefused;
      all.slowestMs = Math.max(all.slowestMs, ended.slowestMs);
      for (const fault of ended.faults) all.faults.push(fault);
      return all;
    }
    const last = Math.max(at, place[0]);
    all.faults.push({ at: last, what: ended });
    at = last + 1;
  }
  return all;
}

function endOf(task: Task): Promise<FuzzCounts | string> {
  return new Promise((resolve) => {
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData: task });
    let [seen, since] = [-1, performance.now()];
    const end = (result: FuzzCounts | string): void => {
      clearInterval(watch);
      void worker.terminate().then(() => resolve(result));
    };
    const watch = setInterval(() => {
      const now = Atomics.load(task.place, 0);
      if (now !== seen) [seen, since] = [now, performance.now()];
      else if (performance.now() - since > (now < task.from ? beginningMs : hangMs))
        end(now < task.from ? 'did not begin' : `hangs for ${hangMs / 1000} s`);
    }, 500);
    worker.on('message', end);
    worker.on('error', (error) => end(`ended the worker: ${error.message}`));
  });
}
