import { pendingRuns, type RondoError, type Run, rankTrials, type TrialValues } from '../../src/index.js';
import type { LockOwner } from '../../src/node.js';
import { optionWords } from '../command-words.js';
import { WrongUsage } from '../wrong-usage.js';
import { runOptions, type Search, trialsOf } from './search.js';
import type { RunRecord, SearchFolder } from './search-folder.js';
import type { TrainEnded, TrainProcesses } from './train-process.js';
import type { TrainDocument, TrialScore } from './trial-scores.js';

export interface SearchRun {
  readonly search: Search;
  readonly score: TrialScore;
  readonly folder: SearchFolder;
  readonly processes: TrainProcesses;
  readonly jobs: number;
  readonly threads: number;
  readonly keepsBest: boolean;
  readonly signal: AbortSignal;
  onBegin(run: Run): void;
  /** Where a run waits for the process of a search that was killed. */
  onWait(run: Run, owner: LockOwner): void;
  onEnd(record: RunRecord): void;
}

/** Runs that fail alike before any has succeeded tell of the data or the command, not of the trials. */
const alikeAtMost = 3;

/**
 * Runs what is pending, so many trainings at a time, until the search is over or the signal aborted. A rung begins when
 * the one before it has ended, so that results do not depend on the order in which runs end.
 *
 * @throws the error of a run where no run can succeed
 */
export async function runSearch(run: SearchRun): Promise<void> {
  const { search, folder, signal, jobs } = run;
  const trials = trialsOf(search);
  for (;;) {
    const pending = pendingRuns(search, folder.records);
    if (pending.length === 0 || signal.aborted) return;
    let fatal: RondoError | undefined;
    const work = async (): Promise<void> => {
      for (
        let next = pending.shift();
        next !== undefined && !signal.aborted && fatal === undefined;
        next = pending.shift()
      ) {
        fatal ??= await oneRun(run, next, trials[next.trial]);
      }
    };
    await Promise.all(Array.from({ length: Math.min(jobs, pending.length) }, work));
    if (fatal !== undefined) throw fatal;
  }
}

/** @returns the error that no other run can escape. */
async function oneRun(
  { search, score, folder, processes, threads, keepsBest, signal, onBegin, onWait, onEnd }: SearchRun,
  run: Run,
  values: TrialValues,
): Promise<RondoError | undefined> {
  onBegin(run);
  await folder.untilFree(run, signal, (owner) => onWait(run, owner));
  if (signal.aborted) return undefined;
  const isInterrupted = await folder.isInterrupted(run);
  const own = {
    ...runOptions(search, values, run.rung),
    threads,
    out: folder.pathsOf(run).model,
    json: true,
    [isInterrupted ? 'resume' : 'force']: true,
  };
  const startedMs = performance.now();
  const ended = await processes.run([...search.command.split(' '), ...optionWords(own), '--', ...search.files]);
  if (signal.aborted && ended.fault !== undefined) return undefined;
  if (ended.fault !== undefined && isOfAll(ended.fault)) return ended.fault;
  const record = recordOf({ search, score }, run, values, ended, (performance.now() - startedMs) / 1000);
  const isBest = record.score !== null && rankTrials(search.better, [...folder.records, record])[0] === record;
  await folder.add(record, keepsBest && isBest);
  onEnd(record);
  const { records } = folder;
  const areAlike =
    records.length >= alikeAtMost &&
    records.every(({ reason }) => reason !== undefined && reason === records[0].reason);
  return areAlike ? ended.fault : undefined;
}

/** Whether a fault is one of the command or its data. */
function isOfAll(fault: RondoError): boolean {
  return fault instanceof WrongUsage || fault.code === 'FILE_ACCESS' || fault.code === 'DATA_FORMAT';
}

function recordOf(
  { search, score }: Pick<SearchRun, 'search' | 'score'>,
  run: Run,
  values: TrialValues,
  { document, fault }: TrainEnded,
  seconds: number,
): RunRecord {
  const value = document === undefined ? undefined : score.of(document as TrainDocument);
  const isDone = value !== undefined && Number.isFinite(value);
  return {
    ...run,
    epochs: search.rungs[run.rung].epochs ?? null,
    values,
    seed: search.seed,
    status: isDone ? 'done' : 'failed',
    score: isDone ? value : null,
    bestEpoch: isDone ? (document as TrainDocument).outcome.bestEpoch + 1 : null,
    seconds: Number(seconds.toFixed(1)),
    ...(!isDone && {
      reason:
        fault === undefined ? `the ${score.about} is ${value ?? 'missing'}` : `${fault.code}: ${fault.facts.what}`,
    }),
  };
}
