import { type ModelOutput, type ModelStream, RondoError, type TaskModel } from '../../src/index.js';
import { readTask } from '../../src/node.js';
import type { CommandLineTask } from '../command-line-task.js';

/** A model in one form, as its file holds it. */
export interface MeasuredForm {
  readonly name: string;
  readonly model: TaskModel;
  readonly sizeBytes: number;
  /** Of the data that were given; undefined where none were, or they cannot be measured. */
  readonly quality: number | undefined;
}

/** @param files data to measure on; none to leave that out. @param call options of `rondo evaluate`, for the task's own */
export async function formMeasure(
  task: CommandLineTask<TaskModel>,
  files: readonly string[],
  call: { readonly where: string; readonly path: string; readonly options: object },
): Promise<(name: string, bytes: Uint8Array) => Promise<MeasuredForm>> {
  const evaluate = files.length === 0 ? undefined : await task.evaluate();
  return async (name, bytes) => {
    const { task: model } = await readTask(bytes, call.path);
    const report = await evaluate?.(model, files, call as never);
    const quality = report && task.quality.of(report.facts as never);
    return { name, model, sizeBytes: bytes.length, quality: quality ?? undefined };
  };
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
