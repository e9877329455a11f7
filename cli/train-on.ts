import type { OptionTable, TaskModel, TrainingControls, TrainingOutcome } from '../src/index.js';
import type { Command, OptionSpecs, OptionValue } from './options.js';
import { counted } from './text-table.js';
import { WrongUsage } from './wrong-usage.js';

/** How a model is trained on. */
export interface TrainOnCall {
  /** The command, such as `rondo compress`, and its option that names the files. */
  readonly where: string;
  readonly option: string;
  readonly files: readonly string[];
  /** How the files are read, by the flags of the task's `rondo train`; what is not said is as it was for the model. */
  readonly reading: Readonly<Record<string, OptionValue>>;
  /** The model that training begins with, and that stays as it is. */
  readonly initial: TaskModel;
  readonly epochs: number;
  /** The largest rate. Default a share of the model's own, {@link rateOfTrainingOn}; its own where weights are pruned. */
  readonly learningRate: number | undefined;
  /** Share of the recurrent kernels that becomes 0 on the way. */
  readonly prune: number;
  /** What it trains for, as the option `quantizationFormat` of tasks; undefined for weights as they are. */
  readonly quantized: 'int8' | 'int4' | undefined;
}

/** A training that goes on from a model, and can begin. */
export interface TrainingOn {
  /** What it makes. */
  readonly task: TaskModel;
  readonly training: {
    /** Steps of an epoch. */
    readonly numBatches: number;
    train(controls: TrainingControls): Promise<TrainingOutcome>;
  };
}

/** A task's `rondo train`. */
export interface TrainCommand extends Command {
  /** Prepares a training that goes on from a model. */
  trainOn(call: TrainOnCall): Promise<TrainingOn>;
}

/**
 * By what the rate of a training is multiplied for one that goes on from its result: what is left to learn is little,
 * and large steps lose more at first than few epochs bring back.
 */
export const rateOfTrainingOn = 0.25;

/** Of the epochs of such a training: when all is pruned that is to be. What is left has the model's own rate, and the rest of them. */
const prunedUntil = 0.12;

/**
 * Options of a training that goes on from a model: how its data were split, so that what it held out stays so, what its
 * loss was, such as weights of classes and smoothed labels, and how long and how fast this one is. All others follow from
 * the model, as with `--init`.
 *
 * @param changed those that are not to be as they were.
 */
export function trainingOnOptions(
  table: OptionTable,
  earlier: object,
  changed: object,
  { reading, epochs, learningRate, prune, quantized }: TrainOnCall,
): object {
  const before = { ...earlier, ...changed } as Readonly<Record<string, unknown>>;
  const ofDataAndLoss = Object.entries(table)
    .filter(
      ([name, { changesScore, ofInitial, ofLoss }]) =>
        (changesScore === 'all' || ofLoss) && !ofInitial && before[name] !== undefined,
    )
    // A share is not held out where there are data for it.
    .filter(([name]) => name !== 'validation' || reading.dev === undefined)
    .map(([name]) => [name, before[name]]);
  return {
    ...Object.fromEntries(ofDataAndLoss),
    ...changed,
    epochs,
    learningRate: learningRate ?? (prune > 0 ? 1 : rateOfTrainingOn) * (before.learningRate as number),
    // Of 16 by 1, which a file can leave out.
    ...{ prune, pruneBlock: '16x1', ...(prune > 0 && { pruneUntil: prunedUntil }) },
    ...{ quantizationAware: quantized !== undefined, quantizationFormat: quantized ?? 'int8' },
  };
}

/** Options of a `rondo train` as a command line would give them that says nothing but these; later ones count. */
export function spokenOptions(
  specs: OptionSpecs,
  said: readonly Readonly<Record<string, OptionValue>>[],
): Readonly<Record<string, OptionValue>> {
  const all: Record<string, OptionValue> = {};
  for (const [flag, { type }] of Object.entries(specs)) all[flag] = type === 'flag' ? false : undefined;
  for (const options of said)
    for (const [flag, value] of Object.entries(options))
      if (Object.hasOwn(specs, flag) && value !== undefined && value !== false) all[flag] = value;
  return all;
}

/** @throws WrongUsage for data that choose the best epoch where the training takes none */
export function requireDev({ where, option, reading }: TrainOnCall, specs: OptionSpecs): void {
  if (reading.dev === undefined || Object.hasOwn(specs, 'dev')) return;
  throw new WrongUsage({
    where,
    what: 'a training of this task cuts what chooses the best epoch from its own data.',
    expected: `${option} without --dev`,
    received: `--dev ${String(reading.dev)}`,
    fix: 'leave --dev out.',
  });
}

/** @throws WrongUsage for fewer or more files than the training takes */
export function requireFiles(
  { where, option, files }: TrainOnCall,
  { least, most }: { readonly least: number; readonly most: number },
): void {
  if (files.length >= least && files.length <= most) return;
  throw new WrongUsage({
    where,
    what: `${option} does not name as many files as a training of this task reads.`,
    expected: least === most ? counted(least, 'file') : `${least} to ${most} files`,
    received: files.join(' '),
    fix: `give ${option} once for each file.`,
  });
}
