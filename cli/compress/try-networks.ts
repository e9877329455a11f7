import { serializeTaskAsync, type TaskModel } from '../../src/index.js';
import { readTask } from '../../src/node.js';
import { fileSize, shortNumber } from '../text-table.js';
import type { TrainingOn } from '../train-on.js';
import { bestOfEachName, type JudgedForm } from './choose-form.js';
import { type FineTuned, type FineTuning, fineTuned, prepareTuning } from './fine-tuning.js';
import type { FormMeasure, MadeForm } from './measure.js';
import { inForm } from './methods.js';
import { untilSignalsAreHeard } from './plain-forms.js';
import { type SmallerNetwork, smallerNetworks } from './smaller-networks.js';

/** What became of the networks with fewer weights. */
export interface TriedNetworks {
  readonly forms: readonly MadeForm[];
  /** Those that were not trained, and why, a sentence each. */
  readonly notes: readonly string[];
  /** Those that were left when the user ended the work. */
  readonly interrupted: readonly string[];
  /** The largest of the trainings; undefined where there was none. */
  readonly learningRate: number | undefined;
}

interface Trial {
  readonly path: string;
  readonly fileBytes: Uint8Array;
  readonly measure: FormMeasure;
  readonly budget: number | undefined;
  readonly tuning: FineTuning;
  /** The forms that needed no training. */
  readonly plain: readonly MadeForm[];
  /** What is said of quality. */
  readonly about: string;
  lossOf(form: JudgedForm): number | undefined;
}

/** A network that is worth its training, in its forms without any. */
interface Candidate {
  readonly network: SmallerNetwork;
  readonly bytes: Uint8Array;
  readonly untrained: readonly MadeForm[];
}

/**
 * Makes networks with fewer weights of a model, and trains those on that may fit into the budget. Where the user ends it,
 * those that are left are kept as they are without training.
 */
export async function tryNetworks(trial: Trial): Promise<TriedNetworks> {
  const { tuning } = trial;
  const notes: string[] = [];
  const candidates: Candidate[] = [];
  const left: string[] = [];
  for (const network of smallerNetworks) {
    if (network.quantized !== undefined && !isWorthTraining(trial, network.quantized)) continue;
    await untilSignalsAreHeard();
    if (tuning.signal.aborted) {
      left.push(network.name);
      continue;
    }
    const found = await candidateOf(trial, network);
    if (typeof found === 'string') notes.push(found);
    else candidates.push(found);
  }
  let forms: MadeForm[] = [];
  let learningRate: number | undefined;
  for (const [index, candidate] of candidates.entries()) {
    const { network, untrained } = candidate;
    const prepared = tuning.signal.aborted ? undefined : await preparedOf(trial, candidate);
    const { learningRate: own = 0 } = (prepared?.task.options ?? {}) as { readonly learningRate?: number };
    if (own > (learningRate ?? 0)) learningRate = own;
    const turn = { name: network.name, index, count: candidates.length };
    const result = prepared === undefined ? interrupted : await fineTuned(tuning, prepared, turn);
    if (result.ended === 'interrupted') {
      const others = candidates.slice(index);
      const untouched = others.flatMap((one) => one.untrained);
      const names = [...others.map((one) => one.network.name), ...left];
      return { forms: [...forms, ...untouched], notes, interrupted: names, learningRate };
    }
    if (result.ended === 'failed')
      notes.push(`${network.name}: fine-tuning came to numbers that are not finite; a lower --learning-rate may help.`);
    let trained: MadeForm[] = [];
    if (result.ended === 'trained') {
      const files = await filesOf(trial, network, await serializeTaskAsync(result.task));
      trained = await measured(trial, files, result.outcome.bestEpoch + 1);
    }
    forms = [...forms, ...bestOfEachName([...untrained, ...trained], trial.lossOf)];
    tuning.progress?.note(progressNote(trial, network, untrained[0], trained[0]));
  }
  return { forms, notes, interrupted: left, learningRate };
}

/** Lost by rounded weights without training, above which they are trained for: what is less, another seed changes too. */
const leastLoss = 0.001;

/** Whether rounded weights have lost what training for them may bring back. */
function isWorthTraining({ plain, lossOf }: Trial, quantized: string): boolean {
  return plain.some((form) => form.name === quantized && (lossOf(form) ?? 0) > leastLoss);
}

const interrupted: FineTuned = { ended: 'interrupted' };

/** What is pruned on the way begins whole. */
async function preparedOf(trial: Trial, { network, bytes }: Candidate): Promise<TrainingOn> {
  const initial = await modelOf(trial, network.prune > 0 ? trial.fileBytes : bytes);
  return prepareTuning(trial.tuning, initial, network);
}

/** The network without training; where it is not worth one, why. */
async function candidateOf(trial: Trial, network: SmallerNetwork): Promise<Candidate | string> {
  const { budget } = trial;
  const bytes = await network.bytesOf(await modelOf(trial, trial.fileBytes));
  const files = bytes === undefined ? [] : await filesOf(trial, network, bytes);
  if (bytes === undefined || files.length === 0) return `${network.name}: nothing of this model becomes smaller by it.`;
  const smallest = files.reduce((least, file) => Math.min(least, file.bytes.length), Infinity);
  if (budget !== undefined && smallest > budget)
    return `${network.name}: left out, since its smallest form takes ${fileSize(smallest)}.`;
  return { network, bytes, untrained: await measured(trial, files, 0) };
}

interface FormFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

async function filesOf(trial: Trial, { name, methods }: SmallerNetwork, bytes: Uint8Array): Promise<FormFile[]> {
  const files: FormFile[] = [];
  for (const method of methods) {
    const made = await inForm(method, bytes, trial.path);
    if (made !== undefined) files.push({ name: [name, method.name].filter(Boolean).join(', '), bytes: made });
  }
  return files;
}

async function measured({ measure }: Trial, files: readonly FormFile[], epochs: number): Promise<MadeForm[]> {
  const forms: MadeForm[] = [];
  for (const { name, bytes } of files) forms.push({ ...(await measure.form(name, bytes)), bytes, epochs });
  return forms;
}

async function modelOf({ path }: Trial, bytes: Uint8Array): Promise<TaskModel> {
  return (await readTask(bytes, path)).task;
}

function progressNote(
  { about }: Trial,
  { name }: SmallerNetwork,
  untrained: MadeForm,
  trained: MadeForm | undefined,
): string {
  const before = `${about} ${shortNumber(untrained.quality)} without fine-tuning`;
  return trained === undefined
    ? `${name}: ${before}`
    : `${name}: ${before}, ${shortNumber(trained.quality)} after ${trained.epochs === 1 ? 'an epoch' : `${trained.epochs} epochs`}`;
}
