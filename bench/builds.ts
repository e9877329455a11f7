/**
 * Times this build beside another one of the same library, case by case, in turns:
 *
 *     npm run bench:builds -- OTHER_DIST [--case NAME ...] [--threads N] [--turns 15] [--out FOLDER]
 *
 * OTHER_DIST is the `dist` folder of another checkout after `npm run build`. Each build runs in a process of its own,
 * which makes a case's model and warms up; then one is timed for a moment while the other waits, again and again. A row
 * says the median of the ratios of neighbouring turns, and between which ratios the middle half of them lies. Above 1
 * this build takes longer.
 */
import type { ChildProcess } from 'node:child_process';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { answerOf, forkBuild, servedBuild } from './build-process.js';
import { describeMachine } from './machine.js';
import { median, middleHalf } from './timing.js';
import { markdownTable, resultName, writeResult } from './write-results.js';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    case: { type: 'string', multiple: true },
    threads: { type: 'string', default: '1' },
    turns: { type: 'string', default: '15' },
    out: { type: 'string' },
  },
});

/** What both builds are timed at where no case is named. */
const usualCases = [
  'lstm-train',
  'gru-train',
  'simple-train',
  'minGRU-train',
  'lstm-infer',
  'gru-infer',
  'lstm-narrow-train',
  'lstm-large-train',
  'lstm-padded-train',
  'lstm-bidirectional-train',
  'lstm-single-train',
  'lstm-ptb-small-train',
  'lstm-step',
  'gru-step',
  'lstm-medium-step',
];
const TURN_MS = 250;

type Modules = [
  typeof import('./case-model.js'),
  typeof import('./cases.js'),
  typeof import('./timing.js'),
  typeof import('../src/index.js'),
];

/** The process of one build: makes what it is told to, and answers each `turn` with the median of its runs. */
async function serve(dist: string): Promise<void> {
  const from = (name: string): Promise<unknown> => import(pathToFileURL(join(dist, name)).href);
  const modules = Promise.all(['bench/case-model.js', 'bench/cases.js', 'bench/timing.js', 'src/index.js'].map(from));
  const [{ CaseModel }, { caseNamed }, { median, timeRuns, warmUp }, { setThreads }] = (await modules) as Modules;
  setThreads(Number(options.threads));
  let run = (): void => {};
  process.on('message', async (name: string) => {
    if (name !== 'turn') {
      const benchCase = caseNamed(name, 'bench:builds');
      const model = new CaseModel(benchCase);
      run = benchCase.mode === 'train' ? (): void => void model.train() : (): void => void model.infer();
      warmUp(run);
      // Workers start only when this thread has nothing to do for a moment.
      await new Promise((done) => setTimeout(done, 100));
    }
    process.send!(median(timeRuns(run, TURN_MS, 3)));
  });
}

async function ask(build: ChildProcess, message: string): Promise<number> {
  build.send(message);
  return answerOf<number>(build);
}

async function main(otherDist: string): Promise<void> {
  const here = fileURLToPath(import.meta.url);
  const [old, own] = [resolve(otherDist), fileURLToPath(new URL('..', import.meta.url))].map((dist) =>
    forkBuild(here, dist, options.threads),
  );
  const { processor, runtime, load } = describeMachine();
  const rows: string[][] = [];
  const medians: number[] = [];
  for (const name of options.case ?? usualCases) {
    await ask(old, name);
    await ask(own, name);
    const turns: { old: number; own: number }[] = [];
    for (let i = 0; i < Number(options.turns); i++) {
      // Whoever is first meets what the other left in the caches; so they take turns in that, too.
      if (i % 2 === 0) turns.push({ old: await ask(old, 'turn'), own: await ask(own, 'turn') });
      else turns.push({ own: await ask(own, 'turn'), old: await ask(old, 'turn') });
    }
    const ratios = turns.map((turn) => turn.own / turn.old);
    medians.push(median(ratios));
    const times = [median(turns.map((turn) => turn.old)), median(turns.map((turn) => turn.own))].map((ms) =>
      ms.toPrecision(4),
    );
    rows.push([name, ...times, medians.at(-1)!.toFixed(3), middleHalf(ratios, 3)]);
    console.log(rows.at(-1)!.join('  '));
  }
  old.kill();
  own.kill();
  const mean = Math.exp(medians.reduce((sum, ratio) => sum + Math.log(ratio), 0) / medians.length);
  console.log(`geometric mean ${mean.toFixed(3)}`);
  if (options.out === undefined) return;
  const text = [
    '# This build beside an earlier one',
    '',
    `${new Date().toISOString().slice(0, 10)}, ${processor}, ${runtime}; load ${load} before; ` +
      `${options.threads} threads. Geometric mean of the ratios: ${mean.toFixed(3)}.`,
    '',
    markdownTable(['case', 'earlier, ms', 'this, ms', 'ratio', 'middle half'], rows),
    '',
  ].join('\n');
  console.log(writeResult(`${resultName('builds', Number(options.threads))}.md`, text, options.out));
}

if (servedBuild !== undefined) await serve(servedBuild);
else if (positionals.length === 1) await main(positionals[0]);
else {
  console.error('usage: npm run bench:builds -- OTHER_DIST [--case NAME ...] [--threads N] [--turns N] [--out FOLDER]');
  process.exitCode = 2;
}
