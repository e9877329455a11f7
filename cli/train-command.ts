import type { OptionsOf, OptionTable, TaskModel, TaskTeacher, TrainingOutcome } from '../src/index.js';
import type { TaskNames } from './command-line-task.js';
import { resumeCommand } from './command-words.js';
import { readInitial } from './initial-model.js';
import {
  type Command,
  type CommandLine,
  computeOptions,
  type Given,
  jsonOption,
  type OptionSpecs,
  type OptionValue,
} from './options.js';
import { printLines } from './output.js';
import { trainingStart } from './output-paths.js';
import { type RateSearching, showLearningRates } from './show-learning-rates.js';
import { quantizationPlan } from './show-quantization.js';
import { type Readers, requireGiven, taskFlags, taskOptions } from './task-flags.js';
import { readTeacher } from './teaching-options.js';
import {
  requireDev,
  requireFiles,
  spokenOptions,
  type TrainCommand,
  type TrainOnCall,
  trainingOnOptions,
} from './train-on.js';
import { runTrain, showTrained, type TaskTraining, type TrainAnswer, type TrainRun } from './train-run.js';
import { requirePositionals } from './wrong-usage.js';

/** Options of every `rondo train` beside those of its task. */
const trainOptions = {
  out: {
    type: 'text',
    value: 'FILE',
    about: 'Where the model goes. Default: the name of the data with .safetensors, in this folder.',
  },
  force: { type: 'flag', about: 'Overwrite an existing model.' },
  'find-learning-rate': {
    type: 'flag',
    about: 'Do not train: raise the rate step by step, draw what the loss does, and suggest a rate (Smith 2017).',
  },
  resume: { type: 'flag', about: 'Go on where an interrupted training with this --out stopped, with its options.' },
  diagnose: {
    type: 'flag',
    about: 'Measure gradients, gates and updates while training, and say what to change. The model stays the same.',
  },
  ...computeOptions,
  quiet: { type: 'flag', about: 'Show no progress and no plots.' },
  ...jsonOption,
} as const satisfies OptionSpecs;

/** What a training is made of. */
export interface TrainCall<Own extends TaskModel, Table extends OptionTable, Specs extends OptionSpecs> {
  /** The command, such as `rondo train tag`. */
  readonly where: string;
  readonly files: readonly string[];
  readonly options: Given<Specs> & Given<typeof trainOptions>;
  /** The task's options, by their names in the library. */
  readonly given: Partial<OptionsOf<Table>>;
  /** The model of `--init`, where the command has that option. */
  readonly initial: Own | undefined;
  /** The model of `--teacher`, where the command has that option. */
  readonly teacher: TaskTeacher<Own> | undefined;
  /** The model of the training that `--resume` goes on with; its own options then count. */
  readonly interrupted: Own | undefined;
}

/** How a training ended that was not interrupted. */
export interface TrainedModel {
  /** The file of the model. */
  readonly path: string;
  readonly outcome: TrainingOutcome;
  /** Epochs of this run, which lasted `seconds`; a part of one where it went on within. */
  readonly numEpochs: number;
  readonly seconds: number;
  /** Whether nothing is shown but what must be. */
  readonly isQuiet: boolean;
}

/** A training that can begin. */
export interface PreparedTraining extends TaskTraining {
  readonly training: TaskTraining['training'] & RateSearching;
  /** What is said beforehand of its data and its network: one item, one line. */
  readonly about: readonly string[];
  /** What to know of the rate that --find-learning-rate suggests. */
  readonly cautionOfRate?: string | undefined;
  /** What there is to tell at the end. */
  answer(trained: TrainedModel): TrainAnswer | Promise<TrainAnswer>;
}

/** How the training of a task goes on from a model. */
interface TrainsOn<Own extends TaskModel, Table extends OptionTable> {
  /** Flags that say how the data of the model were read, for files to be read alike. */
  reading(model: Own, files: readonly string[]): Readonly<Record<string, OptionValue>>;
  /** With its options, where it was trained as no short training should go on. */
  options?(model: Own, call: TrainOnCall): Partial<OptionsOf<Table>>;
}

interface TrainParts<Own extends TaskModel, Table extends OptionTable, Specs extends OptionSpecs>
  extends Pick<Command, 'summary' | 'usage' | 'examples'> {
  readonly task: TaskNames<Own>;
  /** How many files there may be. Default one. */
  readonly numFiles?: { readonly least: number; readonly most: number } | undefined;
  /** Of the task: each option has a flag. */
  readonly table: Table;
  readonly readers?: Readers<Table>;
  /** Where the data are, and what else only a command line has. */
  readonly options: Specs;
  readonly trainsOn: TrainsOn<Own, Table>;
  /** Reads the data and makes the training of them. */
  prepare(call: TrainCall<Own, Table, Specs>): Promise<PreparedTraining>;
}

/**
 * Makes a `rondo train`, whose flags are its own, those of its task's options, and those of every training. It goes on
 * with what was interrupted, looks for a learning rate or trains, and shows what came of it.
 */
export function defineTrain<Own extends TaskModel, Table extends OptionTable, const Specs extends OptionSpecs>({
  task,
  numFiles = { least: 1, most: 1 },
  table,
  readers,
  options: ownOptions,
  trainsOn,
  prepare,
  ...texts
}: TrainParts<Own, Table, Specs>): TrainCommand {
  const name = `train ${task.command}`;
  const where = `rondo ${name}`;
  const options = { ...ownOptions, ...taskFlags(table), ...trainOptions };
  const command = { name, ...texts, options };
  const run = async (line: CommandLine<OptionSpecs>): Promise<void> => {
    const given = taskOptions(where, table, line.options, readers);
    const files = line.positionals;
    requirePositionals(command, files, numFiles.least, numFiles.most);
    const own = line.options as Given<Specs> & Given<typeof trainOptions>;
    // A teacher says what its student leaves open.
    if (!own.resume && line.options.teacher === undefined) requireGiven(where, table, options, given);
    const initial = await readInitial(where, line.options, task);
    const teacher = await readTeacher(where, line.options, task);
    const { paths, interrupted } = await trainingStart(where, task, files[0], own, given);
    const begun = { initial, teacher, interrupted: interrupted?.task };
    const prepared = await prepare({ where, files, options: own, given, ...begun });
    const { training, about, cautionOfRate, answer } = prepared;
    if (!own.json) printLines([...about, ...quantizationPlan(prepared.task.options)]);
    if (own['find-learning-rate']) return showLearningRates(command, line, training, cautionOfRate);
    const isQuiet = own.quiet || own.json;
    const resuming = { resumeFrom: interrupted?.training, resumeCommand: resumeCommand(command, line, paths.model) };
    const trainRun: TrainRun = { ...prepared, paths, isQuiet, diagnose: own.diagnose, ...resuming };
    const startedMs = performance.now();
    const outcome = await runTrain(trainRun);
    if (outcome === undefined) return;
    const seconds = (performance.now() - startedMs) / 1000;
    const numEpochs = outcome.loss.length - (interrupted?.training.values.numSteps ?? 0) / training.numBatches;
    const trained: TrainedModel = { path: paths.model, outcome, numEpochs, seconds, isQuiet };
    await showTrained(trainRun, outcome, await answer(trained), own.json);
  };
  const trainOn = async (call: TrainOnCall): Promise<PreparedTraining> => {
    requireFiles(call, numFiles);
    requireDev(call, options);
    const { where, files, reading } = call;
    // The command has asked for a model of this task.
    const initial = call.initial as Own;
    const own = spokenOptions(options, [trainsOn.reading(initial, files), reading]);
    const changed = trainsOn.options?.(initial, call) ?? {};
    return prepare({
      ...{ where, files, options: own as Given<Specs> & Given<typeof trainOptions> },
      given: trainingOnOptions(table, initial.options, changed, call) as Partial<OptionsOf<Table>>,
      ...{ initial, teacher: undefined, interrupted: undefined },
    });
  };
  return { ...command, run, trainOn };
}
