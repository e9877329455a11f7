import { type ModelOutput, type ModelStream, RondoError, type TaskModel } from '../../src/index.js';
import { readTask } from '../../src/node.js';
import type { Report } from '../answer.js';
import type { CommandLineTask } from '../command-line-task.js';
import { withSeparators } from '../text-table.js';
import type { JudgedForm } from './choose-form.js';
import type { MeasuredItems, TaskQuality } from './quality.js';

interface MeasureCall {
  readonly where: string;
  readonly path: string;
  /** Of `rondo evaluate`, for the task's own. */
  readonly options: object;
}

/** A model in one form, as its file holds it. */
export interface MeasuredForm extends JudgedForm {
  readonly model: TaskModel;
}

/** A form whose file is made. */
export interface MadeForm extends MeasuredForm {
  readonly bytes: Uint8Array;
  /** Of a network with fewer weights: epochs that it was trained on; 0 where it is better without. */
  readonly epochs?: number | undefined;
}

/** Measures models of one task on the same data. */
export class FormMeasure {
  readonly #evaluate: ((model: TaskModel) => Promise<Report>) | undefined;
  readonly #quality: TaskQuality;
  readonly #call: MeasureCall;
  /** What the first form was measured on, and thus all others. */
  #on: MeasuredItems | undefined;

  private constructor(
    quality: TaskQuality,
    evaluate: ((model: TaskModel) => Promise<Report>) | undefined,
    call: MeasureCall,
  ) {
    this.#quality = quality;
    this.#evaluate = evaluate;
    this.#call = call;
  }

  /** @param files data to measure on; none to leave that out. */
  static async of(task: CommandLineTask<TaskModel>, files: readonly string[], call: MeasureCall): Promise<FormMeasure> {
    const evaluate = files.length === 0 ? undefined : await task.evaluate();
    return new FormMeasure(task.quality, evaluate && ((model) => evaluate(model, files, call as never)), call);
  }

  /** Undefined where nothing is measured. */
  get on(): MeasuredItems | undefined {
    return this.#on;
  }

  async form(name: string, bytes: Uint8Array): Promise<MeasuredForm> {
    const { task: model } = await readTask(bytes, this.#call.path);
    return { name, model, sizeBytes: bytes.length, quality: await this.qualityOf(model) };
  }

  /** @throws USAGE where other items of the data are held out for this model than for those before it */
  async qualityOf(model: TaskModel): Promise<number | undefined> {
    const facts = (await this.#evaluate?.(model))?.facts;
    const quality = (facts && this.#quality.of(facts as never)) ?? undefined;
    if (quality === undefined) return undefined;
    const on = this.#quality.on(facts as never);
    this.#on ??= on;
    const { count, numSeen = 0 } = this.#on;
    if (on.count === count && (on.numSeen ?? 0) === numSeen) return quality;
    throw otherItems(this.#call.where, this.#on, on);
  }
}

/** What a form would be measured on that the others are not, or the other way round. */
function otherItems(where: string, before: MeasuredItems, after: MeasuredItems): RondoError {
  const said = ({ count, items, numSeen = 0 }: MeasuredItems): string =>
    `${withSeparators(count)} ${items}${numSeen === 0 ? '' : `, ${withSeparators(numSeen)} of them learned from`}`;
  return new RondoError('USAGE', {
    where,
    what: 'the model and what is fine-tuned have not learned from the same of these data, so their figures do not compare.',
    expected: `${said(before)}, as of the model`,
    received: said(after),
    fix: 'measure on data of which neither has seen anything, --data FILE, or fine-tune on the file that the model was trained on.',
  });
}

/** Steps of one round. The rounds of all models take turns, and the median counts; the first ones warm up. */
const stepsOfRound = 40;
const numRounds = 9;
const numWarmRounds = 2;

/** By model: microseconds for a step of a stream of one sequence; undefined where it cannot be run step by step. */
export function stepTimes(models: readonly TaskModel[]): (number | undefined)[] {
  const streams = models.map(streamOf);
  const times: number[][] = streams.map(() => []);
  for (let round = 0; round < numRounds; round++)
    streams.forEach((stream, i) => {
      if (stream === undefined) return;
      const input = new Float32Array(stream.inputShape.reduce((product, size) => product * size, 1)).fill(1);
      const started = performance.now();
      for (let step = 0; step < stepsOfRound; step++) stream.step(input);
      if (round >= numWarmRounds) times[i].push((1000 * (performance.now() - started)) / stepsOfRound);
    });
  for (const stream of streams) stream?.dispose();
  return times.map((rounds) => rounds.sort((a, b) => a - b)[rounds.length >> 1]);
}

function streamOf({ model }: TaskModel): ModelStream<ModelOutput> | undefined {
  try {
    return model.stream();
  } catch (error) {
    if (error instanceof RondoError && error.code === 'USAGE') return undefined;
    throw error;
  }
}
