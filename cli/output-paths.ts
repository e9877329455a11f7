import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { type LoadedTask, RondoError, type RunIdentity, setSeed, type TaskModel } from '../src/index.js';
import { FileLock, fileAccessError, loadTask } from '../src/node.js';
import type { TaskNames } from './command-line-task.js';
import { say } from './output.js';
import { requireNoInput } from './protect-inputs.js';
import { counted } from './text-table.js';
import { notTogether, WrongUsage } from './wrong-usage.js';

/** Where a training writes. */
export interface OutputPaths {
  /** The finished model. */
  readonly model: string;
  /** What an interrupted training is resumed from; removed when it is done. */
  readonly checkpoint: string;
  /** That they belong to this process and this run; undefined where nobody else can know their names. */
  readonly claim?: OutputClaim | undefined;
}

export interface OutputClaim {
  /** Kept in checkpoints. */
  readonly run: RunIdentity;
  /** Locks the files when training begins. While data are read there is no lock: that may be killed at any time. */
  take(): Promise<FileLock>;
}

/** Options that decide about files. */
export interface OutputOptions {
  readonly force: boolean;
  readonly resume: boolean;
  /** Writes nothing, so nothing can be lost. */
  readonly 'find-learning-rate'?: boolean | undefined;
  readonly seed?: number | undefined;
  readonly quiet?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** `series.csv` with its ending replaced, in the current folder. */
export function defaultOutput(input: string, ending: string): string {
  const name =
    input === '-'
      ? 'model'
      : basename(input)
          .replace(/\.gz$/i, '')
          .replace(/\.[^.]*$/, '');
  return `${name}${ending}`;
}

/** The files of a training that ends in the model file of this name. */
export function pathsOf(model: string): OutputPaths {
  return { model, checkpoint: `${model.replace(/\.safetensors$/, '')}.checkpoint.safetensors` };
}

/** The lock beside a model that is being trained. */
export function lockPathOf(model: string): string {
  return `${model}.lock`;
}

/**
 * The files of a training, checked before any work is done.
 *
 * @throws WrongUsage for an empty name, or options that exclude each other; FILE_ACCESS where the folder does not exist
 * or may not
 *   be written to, or a model or an interrupted training would be lost
 */
async function outputPaths(
  where: string,
  model: string,
  { force, resume, 'find-learning-rate': isTest = false }: OutputOptions,
): Promise<OutputPaths> {
  if (model === '')
    throw new WrongUsage({
      where,
      what: '--out is empty.',
      expected: 'the name of a file',
      received: "''",
      fix: 'name the file that the model goes to.',
    });
  if (isTest && resume)
    throw notTogether(
      where,
      ['--find-learning-rate', '--resume'],
      'leave one out: the rate of an interrupted training stays.',
    );
  const paths = pathsOf(model);
  // Nothing is written then.
  if (isTest) return paths;
  await requireWritable(model);
  for (const path of [model, paths.checkpoint]) await requireNoInput(where, '--out', path);
  if (force || resume) return paths;
  if (await exists(paths.checkpoint))
    throw wouldLose(
      where,
      `${paths.checkpoint} holds an interrupted training.`,
      'go on with it with --resume, start anew with --force, or choose another --out.',
    );
  if (await exists(model))
    throw wouldLose(where, `${model} exists already.`, 'overwrite it with --force, or choose another --out.');
  return paths;
}

/** @throws FILE_ACCESS where the folder of an output does not exist, or either may not be written to */
async function requireWritable(path: string): Promise<void> {
  const folder = dirname(resolve(path));
  const found = await stat(folder).catch(() => undefined);
  if (found === undefined || !found.isDirectory())
    throw await fileAccessError('write', path, { code: found === undefined ? 'ENOENT' : 'ENOTDIR' });
  if ((await stat(path).catch(() => undefined))?.isDirectory())
    throw await fileAccessError('write', path, { code: 'EISDIR' });
  for (const one of [folder, path]) {
    await access(one, constants.W_OK).catch(async (cause: NodeJS.ErrnoException) => {
      if (one === folder || cause.code !== 'ENOENT') throw await fileAccessError('write', one, cause);
    });
  }
}

/** An output that can be written, and takes no other file's place without --force. @throws WrongUsage; FILE_ACCESS */
export async function requireNewFile(where: string, option: string, path: string, force: boolean): Promise<void> {
  await requireNoInput(where, option, path);
  const isDevice = (await stat(path).catch(() => undefined))?.isFile() === false;
  // Devices and pipes are written to and not replaced.
  if (!isDevice) await requireWritable(path);
  if (!force && (await stat(path).catch(() => undefined))?.isFile())
    throw wouldLose(where, `${path} exists already.`, `overwrite it with --force, or choose another ${option}.`);
}

/**
 * The interrupted training of a checkpoint. @throws FILE_ACCESS where there is none; FILE_FORMAT where it is of another
 * task
 */
async function interruptedTask<Own extends TaskModel>(
  where: string,
  { checkpoint }: OutputPaths,
  { name, model }: TaskNames<Own>,
): Promise<NonNullable<TrainingStart<Own>['interrupted']>> {
  if (!(await exists(checkpoint))) {
    throw new RondoError('FILE_ACCESS', {
      where,
      what: 'there is nothing to resume.',
      expected: checkpoint,
      received: 'no such file',
      fix: 'leave --resume out to start, or give the --out of the interrupted training.',
    });
  }
  const { task, training } = await loadTask(checkpoint);
  if (task instanceof model && training !== undefined) return { task, training };
  throw new RondoError('FILE_FORMAT', {
    where,
    what: `${checkpoint} does not hold such a training.`,
    expected: `an interrupted training of the task ${name}`,
    received: training === undefined ? 'a finished model' : task.task,
    fix: 'give the --out of the interrupted training.',
  });
}

/** What a `rondo train` begins from. */
export interface TrainingStart<Own extends TaskModel> {
  readonly paths: OutputPaths;
  /** The training that --resume goes on with. */
  readonly interrupted: { readonly task: Own; readonly training: NonNullable<LoadedTask['training']> } | undefined;
}

/**
 * The files of a training, and with --resume what it goes on with.
 *
 * @param input the data's name, by which the model is called without --out.
 * @param given what the command line says of the task.
 * @throws as {@link outputPaths}, {@link interruptedTask} and {@link requireSameOptions}
 */
export async function trainingStart<Own extends TaskModel>(
  where: string,
  names: TaskNames<Own>,
  input: string,
  options: OutputOptions & { readonly out?: string | undefined },
  given: object,
): Promise<TrainingStart<Own>> {
  const model = options.out ?? defaultOutput(input, '.safetensors');
  // A checkpoint whose training still runs is no interrupted one.
  if (model !== '' && options['find-learning-rate'] !== true)
    await namingOutput(model, FileLock.requireFree(lockPathOf(model)));
  const paths = await outputPaths(where, model, options);
  if (options['find-learning-rate'] === true) return { paths, interrupted: undefined };
  const lockPath = lockPathOf(paths.model);
  const take = async (): Promise<FileLock> => {
    const { lock, predecessor } = await namingOutput(paths.model, FileLock.take(lockPath, `${where} ${input}`));
    if (predecessor !== undefined && !options.quiet)
      say(
        `${lockPath} was left by ` +
          `${predecessor === null ? 'a process' : `process ${predecessor.pid}, ${predecessor.about}`}, which is ` +
          'gone; taken over.',
      );
    // Another training may have ended while the data were read.
    await outputPaths(where, paths.model, options);
    return lock;
  };
  const newRun = (): RunIdentity => ({
    id: crypto.randomUUID(),
    seed: options.seed ?? 0,
    begun: new Date().toISOString(),
  });
  if (!options.resume) return { paths: { ...paths, claim: { run: newRun(), take } }, interrupted: undefined };
  const interrupted = await interruptedTask(where, paths, names);
  const { run, epoch, numSteps } = interrupted.training.values;
  const { options: before } = interrupted.task;
  requireSameOptions(where, { ...given, seed: options.seed }, { ...before, seed: run?.seed });
  // Files of earlier versions do not say their run; what is left to be drawn is in the checkpoint.
  if (run !== undefined) setSeed(run.seed);
  if (!options.quiet && !options.json) {
    const begun = run === undefined ? 'an earlier training' : `the training begun ${run.begun} with seed ${run.seed}`;
    say(`Going on with ${begun}, after ${counted(numSteps, 'step')}, in epoch ${epoch + 1}.`);
  }
  return { paths: { ...paths, claim: { run: run ?? newRun(), take } }, interrupted };
}

/**
 * With --resume the options of the interrupted training count. They may be repeated; others would be ignored, so they
 * are refused.
 *
 * @param given what the command line says, undefined where it says nothing.
 * @throws WrongUsage naming all that differ
 */
function requireSameOptions(where: string, given: object, before: object): void {
  const earlier = before as Readonly<Record<string, unknown>>;
  const differing = Object.entries(given).filter(
    ([name, value]) =>
      value !== undefined && value !== false && JSON.stringify(value) !== JSON.stringify(earlier[name]),
  );
  if (differing.length === 0) return;
  const list = (value: (entry: [string, unknown]) => unknown): string =>
    differing.map((entry) => `${entry[0]} ${JSON.stringify(value(entry)) ?? 'that nobody knows'}`).join(', ');
  throw new WrongUsage({
    where,
    what: '--resume goes on with the options of the interrupted training.',
    expected: list(([name]) => earlier[name]),
    received: list(([, value]) => value),
    fix: 'leave them out, or start anew without --resume.',
  });
}

/**
 * Work on the lock of an output. Where the system refuses the lock's file, it is the output's place that is at fault:
 * the message names the output as it was given.
 */
export async function namingOutput<Result>(output: string, work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    // A lock that another process holds is no fault of the system.
    const { cause } = error instanceof RondoError && error.code === 'FILE_ACCESS' ? error : {};
    if (!(cause instanceof Object && 'code' in cause)) throw error;
    throw await fileAccessError('write', output, { code: cause.code });
  }
}

export async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/** What is thrown where something would be lost. */
export function wouldLose(where: string, what: string, fix: string): RondoError {
  return new RondoError('FILE_ACCESS', { where, what, fix });
}
