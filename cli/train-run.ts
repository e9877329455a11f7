import { existsSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import {
  type Callback,
  Diagnosis,
  type DiagnosisReport,
  plannedEpochs,
  RondoError,
  sparsityReport,
  type TaskModel,
  type TrainingControls,
  type TrainingOutcome,
  type TrainingRounds,
  type TrainingSnapshot,
} from '../src/index.js';
import { type FileLock, saveTask } from '../src/node.js';
import { type Report, showReport } from './answer.js';
import { type Interruption, interruptions } from './interruptions.js';
import { longerTrainingHint } from './longer-training.js';
import { say } from './output.js';
import type { OutputPaths } from './output-paths.js';
import { diagnosisText } from './show-diagnosis.js';
import { quantizationFacts, quantizationText } from './show-quantization.js';
import { sparsityText } from './show-sparsity.js';
import { styleOf } from './style.js';
import { linePlot } from './terminal/plot.js';
import { formatDuration, ProgressLine } from './terminal/progress.js';
import { counted, fileSize, shortNumber, withSeparators } from './text-table.js';
import { watchingToo } from './watching.js';

/** Least time between two checkpoints; the first is written as soon as it can be. */
const checkpointEveryMs = 5_000;

/** The training of a task, and how its progress is told. */
export interface TaskTraining {
  /** With `maxEpochs` training goes on in rounds while that makes it better. */
  readonly task: TaskModel & {
    readonly options: {
      readonly epochs: number;
      readonly maxEpochs?: number | undefined;
      readonly prune?: number | undefined;
      readonly quantizationAware?: boolean | undefined;
      readonly quantizationFormat?: 'int8' | 'int4' | undefined;
    };
  };
  readonly training: {
    /** Steps of an epoch. */
    readonly numBatches: number;
    train(controls: TrainingControls): Promise<TrainingOutcome>;
  };
  /** What is counted: tokens, windows. */
  readonly unit: string;
  readonly unitsPerStep: number;
  /** Which part of a training of several is under way; one that comes after the planned epochs counts its own. */
  readonly stage?: (() => { readonly name: string; readonly isAfter: boolean } | undefined) | undefined;
}

/** One training as the command line runs it. */
export interface TrainRun extends TaskTraining {
  readonly paths: OutputPaths;
  readonly isQuiet: boolean;
  /** Whether to look for what is wrong with the training. Default false. */
  readonly diagnose?: boolean | undefined;
  readonly resumeFrom: TrainingSnapshot | undefined;
  /** The command line that goes on after an interruption. */
  readonly resumeCommand: string;
}

/** How a run ended, with what `diagnose` found. */
export type DiagnosedOutcome = TrainingOutcome & { readonly diagnosis?: DiagnosisReport | undefined };

/**
 * Trains with a progress line and regular checkpoints, and saves the model. Ctrl-C stops after the current step, saves
 * a checkpoint and says how to go on.
 *
 * @returns undefined where it was interrupted; the exit code is then set.
 */
export async function runTrain(run: TrainRun): Promise<DiagnosedOutcome | undefined> {
  const { task, paths, resumeFrom } = run;
  const interruption = interruptions();
  const watcher = run.isQuiet ? silentWatcher : progressWatcher(run);
  const diagnosis = run.diagnose ? new Diagnosis() : undefined;
  let lock: FileLock | undefined;
  let savedMs = -Infinity;
  const save = async (snapshot: TrainingSnapshot): Promise<void> => {
    if (!interruption.signal.aborted && performance.now() - savedMs < checkpointEveryMs) return;
    await lock?.confirm();
    const { values } = snapshot;
    await saveTask(task, paths.checkpoint, { ...snapshot, values: { ...values, run: paths.claim?.run } });
    savedMs = performance.now();
  };
  try {
    if (interruption.signal.aborted) return stopped(run, interruption, 'before the beginning');
    lock = await paths.claim?.take();
    const outcome = await run.training.train({
      signal: interruption.signal,
      resumeFrom,
      checkpoint: { save, everySteps: 10 },
      callbacks: [watchingToo(watcher.callback, diagnosis)],
    });
    watcher.finish();
    if (outcome.stopReason === 'aborted')
      return stopped(
        run,
        interruption,
        `after ${outcome.loss.length} of ${counted(plannedOf(run, outcome.loss.length), 'epoch')}`,
      );
    await lock?.confirm();
    await saveTask(task, paths.model);
    await rm(paths.checkpoint, { force: true });
    return { ...outcome, ...(diagnosis && { diagnosis: diagnosis.report() }) };
  } catch (error) {
    watcher.finish();
    // After the last epoch, in what a task does then: calibrating, or training again.
    if (interruption.signal.aborted && error instanceof RondoError && error.code === 'ABORTED')
      return stopped(run, interruption, 'before the end');
    // What was measured before a failure says most about it.
    const report = diagnosis?.report();
    if (report !== undefined && report.steps.length > 0)
      say(`${diagnosisText(report, { hasPlots: !run.isQuiet }, styleOf(process.stderr))}\n`);
    throw error;
  } finally {
    interruption.end();
    await lock?.release();
  }
}

function stopped({ paths, resumeCommand }: TrainRun, { exitCode }: Interruption, when: string): undefined {
  const hasBegun = existsSync(paths.checkpoint);
  say(
    hasBegun
      ? `Stopped ${when}; everything is in ${paths.checkpoint}. Go on with:\n  ${resumeCommand}`
      : 'Stopped before the first step; nothing was trained.',
  );
  process.exitCode = exitCode;
  return undefined;
}

/** What a train command has to tell at its end: after the losses, and beside `model`, `options` and `outcome`. */
export interface TrainAnswer extends Report {
  /**
   * False where the answers do not depend on the network, so that nothing is gained by training it otherwise. Default
   * true.
   */
  readonly isNetworkUsed?: boolean | undefined;
  /** What could be done better, each one sentence; those that hold for every task are added. */
  readonly hints?: readonly string[] | undefined;
}

/** Shows what a training has brought, as a report or as a JSON document: the same order and names for every task. */
export async function showTrained(
  run: TrainRun,
  outcome: DiagnosedOutcome,
  { facts, sections, isNetworkUsed = true, hints = [], verdict }: TrainAnswer,
  json: boolean,
): Promise<void> {
  const longer = isNetworkUsed ? longerTrainingHint(roundsOf(run), outcome) : undefined;
  const all = [...(longer === undefined ? [] : [longer]), ...hints];
  const sparsity = (run.task.options.prune ?? 0) > 0 ? await sparsityReport(run.task.model) : undefined;
  const quantization = quantizationFacts(run.task, outcome);
  const document = {
    model: run.paths.model,
    options: run.task.options,
    outcome,
    ...facts,
    ...(sparsity && { sparsity }),
    ...(quantization && { quantization }),
    hints: all,
  };
  const parts = [
    ...(json ? [] : [`\n${await trainReport(run, outcome, isNetworkUsed)}`]),
    ...(sparsity ? [sparsityText(sparsity)] : []),
    ...(quantization ? [quantizationText(quantization, run.paths.model)] : []),
    ...sections,
    ...(all.length === 0 ? [] : [all.map((hint) => `hint: ${hint}`).join('\n')]),
  ];
  showReport({ facts: document, sections: parts, verdict }, json);
}

/** The loss by epoch as a plot, the diagnosis where there is one, and where the model is. */
export async function trainReport(
  { task, paths, isQuiet }: TrainRun,
  { loss, valLoss, valScore, bestEpoch, stopReason, diagnosis }: DiagnosedOutcome,
  isNetworkUsed = true,
): Promise<string> {
  const { width, colour, ascii } = styleOf();
  const size = (await stat(paths.model)).size;
  const lines: string[] = [];
  if (!isQuiet && loss.length > 1) {
    lines.push(
      linePlot(
        [
          { name: 'train', values: loss, start: 1 },
          ...(valLoss.length > 0 ? [{ name: 'validation', values: valLoss, start: 1 }] : []),
        ],
        { width: Math.min(width, 72), height: 10, title: 'loss', xLabel: 'epoch', colour, ascii },
      ),
      '',
    );
  }
  if (diagnosis !== undefined) {
    lines.push(diagnosisText(diagnosis, { hasPlots: !isQuiet }));
    if (!isNetworkUsed)
      lines.push(
        '  the network is left out, so none of this changes the forecasts unless it then gains enough to count',
      );
    lines.push('');
  }
  const why = stopReason === 'callback' ? ', stopped early' : '';
  lines.push(
    `best epoch ${bestEpoch + 1} of ${loss.length}${why}: loss ` +
      shortNumber(loss[bestEpoch]) +
      (valLoss.length > 0 ? `, validation ${shortNumber(valLoss[bestEpoch])}` : '') +
      scoreNote('validation score', valScore?.[bestEpoch]),
  );
  lines.push(`saved ${paths.model} (${fileSize(size)}, ${withSeparators(task.model.countParams())} parameters)`);
  return lines.join('\n');
}

interface Watcher {
  readonly callback: Callback;
  finish(): void;
}

/** Has the name of the other, because a resumed run must have the same callbacks. */
const silentWatcher: Watcher = { callback: { name: 'progress' }, finish: () => undefined };

/** A score of the validation data, where there is one. */
function scoreNote(name: string, score: number | undefined): string {
  return score === undefined ? '' : `  ${name} ${shortNumber(score)}`;
}

/** How many epochs are planned once so many are done. */
function plannedOf(run: TrainRun, numDone: number): number {
  return plannedEpochs(roundsOf(run), numDone);
}

function roundsOf({ task: { options } }: TrainRun): TrainingRounds {
  return { epochs: options.epochs, maxEpochs: options.maxEpochs ?? options.epochs };
}

function progressWatcher(run: TrainRun): Watcher {
  const { unitsPerStep, unit, resumeFrom } = run;
  const { numBatches } = run.training;
  const line = new ProgressLine(process.stderr, { ascii: styleOf(process.stderr).ascii });
  const totalIn = (epoch: number): number => plannedOf(run, epoch) * numBatches * unitsPerStep;
  const doneAtStart = (resumeFrom?.values.numSteps ?? 0) * unitsPerStep;
  const epochWidth = String(roundsOf(run).maxEpochs).length;
  const label = (epoch: number, numEpochs: number): string => {
    const stage = run.stage?.();
    const place =
      stage?.isAfter === true
        ? `${epoch + 1}/${numEpochs}`
        : `${String(epoch + 1).padStart(epochWidth)}/${plannedOf(run, epoch)}`;
    return `${stage === undefined ? '' : `${stage.name}, `}epoch ${place}`;
  };
  const totalOf = (epoch: number, numEpochs: number): number =>
    run.stage?.()?.isAfter === true ? numEpochs * numBatches * unitsPerStep : totalIn(epoch);
  let startedMs = performance.now();
  const callback: Callback = {
    name: 'progress',
    onEpochBegin: () => {
      startedMs = performance.now();
    },
    onBatchEnd: ({ epoch, epochs: numEpochs, loss }, { numSteps }) =>
      line.update({
        label: label(epoch, numEpochs),
        done: numSteps * unitsPerStep,
        total: totalOf(epoch, numEpochs),
        unit,
        doneAtStart,
        metrics: { loss },
      }),
    onEpochEnd: (epoch, { loss, valLoss, valAccuracy, valSpanF1 }, context) =>
      line.note(
        `${label(epoch, context.epochs)}  loss ` +
          `${shortNumber(loss)}${scoreNote('validation', valLoss)}${scoreNote('accuracy', valAccuracy)}` +
          `${scoreNote('span F1', valSpanF1)}  ${formatDuration(performance.now() - startedMs)}`,
      ),
  };
  return { callback, finish: () => line.finish() };
}
