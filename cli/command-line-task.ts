import type { TaskModel } from '../src/index.js';
import type { Answer, Report } from './answer.js';
import type { TaskQuality } from './compress/quality.js';
import type { Command, Given, OptionSpecs } from './options.js';
import type { TrainCommand } from './train-on.js';
import type { TrialScores } from './tune/trial-scores.js';

/** What a command asks of a model. */
export interface TaskCall<Options> {
  /** The command, such as `rondo predict`. */
  readonly where: string;
  /** The model's file. */
  readonly path: string;
  readonly options: Options;
}

/** Measures a model on files. */
type Evaluate<Own, Options> = (model: Own, files: readonly string[], call: TaskCall<Options>) => Promise<Report>;

/** Answers for a file, a text or, for `-`, the standard input. */
type Predict<Own, Options> = (model: Own, data: string, call: TaskCall<Options>) => Promise<Answer>;

/** What a task is called. */
export interface TaskNames<Own extends TaskModel = TaskModel> {
  /** As files say it: `TaskModel.task`. */
  readonly name: string;
  /** As it is typed: `rondo train NAME`. */
  readonly command: string;
  /** What its models are called in messages. */
  readonly models: string;
  /** What they are in the library. */
  readonly model: abstract new (
    ...args: never
  ) => Own;
}

/** What the command line knows of a task. Code is loaded when it is asked for. */
export interface CommandLineTask<Own extends TaskModel, EvaluateOptions = never, PredictOptions = never>
  extends TaskNames {
  /** Options of its own of the commands that take models of every task. Others are refused for its models. */
  readonly options: { readonly evaluate: OptionSpecs; readonly predict: OptionSpecs };
  /** What compressed forms of a model are compared by. */
  readonly quality: TaskQuality;
  /** What trials of a search are compared by. */
  readonly scores: TrialScores;
  /** Data and what must be said of them, for the examples of `rondo tune`. */
  readonly exampleData: string;
  /** Commands for its models alone, by name. */
  readonly commands: Readonly<Record<string, () => Promise<Command>>>;
  train(): Promise<TrainCommand>;
  evaluate(): Promise<Evaluate<Own, EvaluateOptions>>;
  predict(): Promise<Predict<Own, PredictOptions>>;
  /** Lines of `rondo inspect`. */
  inspect(): Promise<(model: Own) => readonly string[]>;
}

/** Makes a task whose functions see their options by name with their types. */
export function defineTask<Own extends TaskModel, const E extends OptionSpecs, const P extends OptionSpecs>(
  task: CommandLineTask<Own, Given<E>, Given<P>> & { readonly options: { readonly evaluate: E; readonly predict: P } },
): CommandLineTask<Own> {
  return task;
}
