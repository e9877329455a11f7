import { longMemoryProblems, solveProblem } from '../../src/index.js';
import { commandText } from '../command-words.js';
import { interruptions } from '../interruptions.js';
import {
  type ComparisonOptions,
  defaultCells,
  defaults,
  partsOf,
  type RunSettings,
  runsOf,
} from '../long-memory/comparison.js';
import { Results, type RunRecord } from '../long-memory/results-folder.js';
import { comparisonReport, runLine } from '../long-memory/show-comparison.js';
import { computeOptions, defineCommand, jsonOption } from '../options.js';
import { print, printJson, say } from '../output.js';
import { styleOf } from '../style.js';
import { ProgressLine } from '../terminal/progress.js';
import { counted } from '../text-table.js';
import { requirePositionals } from '../wrong-usage.js';

const problems = Object.entries(longMemoryProblems);

/** `rondo tasks`: which cell remembers over how many steps, on made problems of long memory. */
export const tasks = defineCommand({
  name: 'tasks',
  summary: 'Compare cells on made problems of long memory: adding, copying, sorting.',
  usage: `${problems.map(([name]) => name).join('|')} ... [options]`,
  examples: [
    'rondo tasks adding',
    'rondo tasks copy reverse --cells lstm,lstm+attention --lengths 10,20 --out memory',
    'rondo tasks adding --cells all --lengths 50,100,200 --units 128 --steps 5000 --out memory',
  ],
  options: {
    cells: {
      type: 'text',
      value: 'LIST',
      about:
        `Cells with commas between them, or all; +attention behind one, or behind all, lets answers attend to all of its outputs. ` +
        `Default ${defaultCells.join(',')}.`,
    },
    lengths: {
      type: 'text',
      value: 'LIST',
      about:
        'Lengths T with commas between them. Defaults: ' +
        `${problems.map(([name, { lengths }]) => `${name} ${lengths.join(',')}`).join('; ')}.`,
    },
    units: { type: 'count', value: 'N', about: `Width of a recurrent layer. Default ${defaults.units}.` },
    layers: { type: 'count', value: 'N', about: `Recurrent layers. Default ${defaults.layers}.` },
    steps: {
      type: 'count',
      value: 'N',
      about:
        'Steps of training after which a run ends unsolved. Defaults: ' +
        `${problems.map(([name, { steps }]) => `${name} ${steps}`).join('; ')}.`,
    },
    'batch-size': { type: 'count', value: 'N', about: `Sequences a step. Default ${defaults['batch-size']}.` },
    'learning-rate': {
      type: 'number',
      value: 'RATE',
      about: `Of Adam. Default ${defaults['learning-rate']}.`,
    },
    'clip-norm': {
      type: 'number',
      value: 'NORM',
      sets: 'globalClipNorm',
      about: `Gradients with a larger norm are scaled down to it. Default ${defaults['clip-norm']}.`,
    },
    out: {
      type: 'text',
      value: 'FOLDER',
      about: 'Keep each run there as soon as it has ended; runs that it holds already are not done again.',
    },
    quiet: { type: 'flag', about: 'Show no progress.' },
    ...computeOptions,
    ...jsonOption,
  },
  async run(line) {
    const where = `rondo ${this.name}`;
    requirePositionals(this, line.positionals, 1, Infinity);
    const { out, json, quiet } = line.options;
    const runs = runsOf(where, line.positionals, line.options as ComparisonOptions);
    const results = await Results.open(where, out);
    const interruption = interruptions('Stopping; runs that have ended are kept.');
    const newProgress = (): ProgressLine => new ProgressLine(process.stderr, { ascii: styleOf(process.stderr).ascii });
    let progress = newProgress();
    const isQuiet = quiet || json;
    try {
      const pending = runs.filter((run) => results.of(run) === undefined);
      if (pending.length < runs.length && !isQuiet)
        say(`${counted(runs.length - pending.length, 'run')} of ${runs.length} done already`);
      for (const run of pending) {
        progress = newProgress();
        const record = await oneRun(run, interruption.signal, isQuiet ? undefined : progress);
        if (record === undefined) break;
        await results.add(record);
        if (!isQuiet) progress.note(runLine(record));
      }
    } finally {
      progress.finish();
      interruption.end();
      await results.close();
    }
    const records = runs.flatMap((run) => results.of(run) ?? []);
    if (json) printJson(records);
    else if (records.length > 0) print(comparisonReport(records));
    if (records.length === runs.length) return;
    const again = commandText(this.name, line.positionals, { ...line.options });
    say(
      `Stopped after ${records.length} of ${counted(runs.length, 'run')}.${out === undefined ? '' : ` Go on with:\n  ${again}`}`,
    );
    process.exitCode = interruption.exitCode;
  },
});

async function oneRun(
  run: RunSettings,
  signal: AbortSignal,
  progress: ProgressLine | undefined,
): Promise<RunRecord | undefined> {
  const { problem, ...net } = partsOf(run);
  const { units, layers, batchSize, learningRate, clipNorm, maxSteps: steps, seed } = run;
  const outcome = await solveProblem(problem, {
    ...net,
    ...{ units, layers, batchSize, learningRate, clipNorm, steps, seed, signal },
    onCheck: ({ step, loss }) =>
      progress?.update({
        label: `${run.cell}, ${run.problem} T = ${run.length}`,
        done: step,
        total: steps,
        unit: 'steps',
        metrics: { loss, 'solved below': problem.solvedAt },
      }),
  });
  return outcome === undefined ? undefined : { ...run, ...outcome };
}
