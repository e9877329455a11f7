/**
 * Shows what a step takes while other processes want the same cores, beside what its fair share of them would give;
 * writes Markdown to bench/results:
 *
 *     npm run bench:contention -- [--threads N] [--others 1] [--out FOLDER]
 *
 * With T threads and P other processes, all busy, on C cores, T threads get T / (T + P) of the cores, at most as many
 * as they are. A step then takes longer by min(T, C) over that share of C. "within" is what it took over that.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { setThreads } from '../src/index.js';
import { CaseModel } from './case-model.js';
import { caseNamed } from './cases.js';
import { describeMachine } from './machine.js';
import { median, timeRuns, warmUp } from './timing.js';
import { markdownTable, resultName, writeResult } from './write-results.js';

const { values: options } = parseArgs({
  options: {
    threads: { type: 'string', default: String(availableParallelism()) },
    others: { type: 'string', default: '1' },
    out: { type: 'string' },
  },
});

const caseNames = ['lstm-train', 'lstm-infer', 'lstm-single-train', 'lstm-ptb-small-train', 'minGRU-train'];
const FOR_MS = 2500;

/** Processes that compute until they are stopped. */
function startOthers(count: number): ChildProcess[] {
  return Array.from({ length: count }, () => spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }));
}

async function main(): Promise<void> {
  const [threads, numOthers] = [Number(options.threads), Number(options.others)];
  const cores = availableParallelism();
  setThreads(threads);
  const share = Math.min(threads, (cores * threads) / (threads + numOthers));
  const fairSlowdown = Math.min(threads, cores) / share;
  const { processor, runtime, load } = describeMachine();
  const rows: string[][] = [];
  for (const name of caseNames) {
    const benchCase = caseNamed(name, 'contention');
    const model = new CaseModel(benchCase);
    const run = benchCase.mode === 'train' ? (): void => void model.train() : (): void => void model.infer();
    warmUp(run);
    // Workers start only when this thread has nothing to do for a moment.
    await new Promise((resolve) => setTimeout(resolve, 100));
    const alone = median(timeRuns(run, FOR_MS, 9));
    const others = startOthers(numOthers);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const crowded = median(timeRuns(run, FOR_MS, 9));
    for (const other of others) other.kill();
    rows.push([
      name,
      alone.toFixed(2),
      crowded.toFixed(2),
      (crowded / alone).toFixed(2),
      fairSlowdown.toFixed(2),
      (crowded / alone / fairSlowdown).toFixed(2),
    ]);
    console.log(rows.at(-1)!.join('  '));
  }
  const text = [
    '# A step beside other processes',
    '',
    `${new Date().toISOString().slice(0, 10)}, ${processor}, ${cores} cores, ${runtime}; load ${load} before. ` +
      `${threads} threads; ${numOthers} other busy process${numOthers === 1 ? '' : 'es'}. Medians over ` +
      `${FOR_MS / 1000} s.`,
    '',
    markdownTable(['case', 'alone, ms', 'beside others, ms', 'slower by', 'fair share', 'within'], rows),
    '',
  ].join('\n');
  console.log(`\nwrote ${writeResult(`${resultName('contention', threads)}.md`, text, options.out)}`);
}

await main();
