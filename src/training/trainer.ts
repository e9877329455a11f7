import type { BatchSource } from './batch.js';
import type { GivenData } from './evaluation.js';
import { type FitOptions, requireFitOptions } from './fit-options.js';
import { FitRun } from './fit-run.js';
import type { History } from './history.js';
import type { Trainable } from './trainable.js';
import { trainAlone } from './training-lock.js';

/** Trains a model; see `Model.fit`. @param around what adds something to each batch. */
export async function fitModel<Trained extends Trainable>(
  model: Trained,
  data: GivenData,
  options: FitOptions<Trained>,
  around: (source: BatchSource) => BatchSource = (source) => source,
): Promise<History> {
  const where = `${model.className}.fit`;
  requireFitOptions(where, options, 'dataset' in data);
  const compiled = model.requireCompiled('fit');
  return trainAlone(model, where, () => new FitRun(model, compiled, data, options, around).run());
}
