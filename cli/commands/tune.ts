import { access } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { type RunResult, rankTrials } from '../../src/index.js';
import { fileAccessError } from '../../src/node.js';
import { commandText } from '../command-words.js';
import { interruptions } from '../interruptions.js';
import type { Command } from '../options.js';
import { print, printJson, printLines, say } from '../output.js';
import { defaultOutput } from '../output-paths.js';
import { styleOf } from '../style.js';
import type { AnyTask } from '../tasks.js';
import { ProgressLine } from '../terminal/progress.js';
import { runSearch } from '../tune/run-search.js';
import { type Search, searchOf } from '../tune/search.js';
import { asCounted, SearchFolder } from '../tune/search-folder.js';
import { aboutSearch, bestCommand, runLine, searchReport } from '../tune/show-search.js';
import { TrainProcesses } from '../tune/train-process.js';
import { passedOn, type TuneOptions, tuneOptionsOf } from '../tune/tune-options.js';
import { requirePositionals } from '../wrong-usage.js';

/** `rondo tune TASK`: a search for the options of a `rondo train TASK`, each trial a process of that command. */
export function tuneCommand({ command, scores, exampleData }: AnyTask, train: Command): Command {
  const name = `tune ${command}`;
  return {
    name,
    summary: `Search for good options of ${train.name}.`,
    usage: `${train.usage.replace('[options]', '').trim()} [--search SPEC]... [options of ${train.name}]`,
    examples: [
      `rondo ${name} ${exampleData} --trials 20`,
      `rondo ${name} ${exampleData} --method halving --trials 27 --epochs 9 --search ` +
        'units=32,64,128 --search learning-rate=0.001..0.02:log --out search',
      `rondo ${name} ${exampleData} --trials 20 --resume`,
    ],
    options: { ...tuneOptionsOf(scores), ...passedOn(train.options) },
    async run(line) {
      const where = `rondo ${this.name}`;
      requirePositionals(this, line.positionals, 1, Infinity);
      const options = line.options as unknown as TuneOptions;
      const {
        threads = 1,
        jobs = Math.max(1, Math.floor(availableParallelism() / threads)),
        json,
        'keep-best': keepsBest,
      } = options;
      const search = searchOf(where, { name: train.name, options: train.options, scores }, line);
      const score = scores[search.score];
      const path = options.out ?? defaultOutput(line.positionals[0].replace(/\/+$/, ''), '-tune');
      for (const file of line.positionals)
        await access(file).catch(async (error) => {
          throw await fileAccessError('read', file, error);
        });
      const folder = await SearchFolder.open(where, path, search, options);
      const { records } = folder;
      const isQuiet = options.quiet || json;
      if (!json)
        printLines([
          ...aboutSearch(search, score),
          ...(options.resume ? [`${records.length} runs are done already`] : []),
        ]);

      const processes = new TrainProcesses();
      const interruption = interruptions('Stopping; the trainings save what they have.', () =>
        processes.stop('SIGKILL'),
      );
      interruption.signal.addEventListener('abort', () => processes.stop());
      const progress = new ProgressLine(process.stderr, { ascii: styleOf(process.stderr).ascii });
      const doneAtStart = costOf(search, records);
      const show = (): void => {
        const best = rankTrials(search.better, records)[0]?.score;
        progress.update({
          label: 'search',
          done: costOf(search, records),
          total: totalCost(search),
          unit: search.rungs[0].epochs === undefined ? 'trials' : 'epochs',
          doneAtStart,
          metrics: best === null || best === undefined ? {} : { best },
        });
      };
      try {
        await runSearch({
          search,
          score,
          folder,
          processes,
          jobs,
          threads,
          keepsBest,
          signal: interruption.signal,
          onBegin: () => void (!isQuiet && show()),
          onWait: ({ trial }, { pid }) =>
            progress.note(
              `trial ${trial + 1} is still with process ${pid} of the search before, which saves what it has; ` +
                'waiting for it',
            ),
          onEnd: (record) => {
            if (isQuiet) return;
            progress.note(
              runLine(search, score, record, record.score !== null && rankTrials(search.better, records)[0] === record),
            );
            show();
          },
        });
      } finally {
        progress.finish();
        interruption.end();
        await folder.close(search);
      }
      if (interruption.signal.aborted) {
        const again = {
          ...Object.fromEntries(Object.keys(this.options).map((name) => [name, line.options[name]])),
          force: false,
          resume: true,
        };
        say(
          `Stopped after ${records.length} runs; everything is in ${path}. Go on with:\n  ` +
            commandText(this.name, line.positionals, again),
        );
        process.exitCode = interruption.exitCode;
        return;
      }
      const model = keepsBest ? folder.bestModel : undefined;
      if (json) {
        const best = rankTrials(search.better, records).find(({ score: own }) => own !== null);
        printJson({
          folder: path,
          search,
          runs: records.map(asCounted),
          best:
            best === undefined
              ? null
              : { ...asCounted(best), command: bestCommand(search, records), ...(model !== undefined && { model }) },
        });
      } else print(`\n${searchReport(search, score, records, model)}`);
      if (records.every(({ score: own }) => own === null)) process.exitCode = 1;
    },
  };
}

/** Epochs of a run, or 1 where every run has the same. */
function costOfRung({ rungs }: Search, rung: number): number {
  return rungs[rung].epochs ?? 1;
}

function costOf(search: Search, runs: readonly RunResult[]): number {
  return runs.reduce((sum, { rung }) => sum + costOfRung(search, rung), 0);
}

function totalCost(search: Search): number {
  return search.rungs.reduce((sum, { numTrials }, rung) => sum + numTrials * costOfRung(search, rung), 0);
}
