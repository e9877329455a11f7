import { CellAlongTime } from '../../layers/cell-along-time.js';
import { replayed } from '../../random.js';
import { valueAndGradients } from '../../tensor/tape.js';
import { scope, type Tensor } from '../../tensor/tensor.js';
import type { Variable } from '../../tensor/variable.js';
import { squaredNorms } from '../optimizers/gradient-norms.js';
import { layersBelow, withFreshStates } from '../snapshot.js';
import type { Trainable } from '../trainable.js';
import { type Activity, activityOf } from './activity.js';
import { type ProbedRun, probingCells } from './probed-run.js';
import { timeGradient } from './time-gradient.js';
import { layerPath } from './weight-groups.js';

/** A recurrent layer at one step of training. */
export interface RecurrentMeasurement extends Activity {
  /** The path of the layer in the model. */
  readonly layer: string;
  /** The name of its cell. */
  readonly cell: string;
  readonly units: number;
  /** See {@link timeGradient}; null where the loss does not depend on the last step. */
  readonly timeGradient: readonly number[] | null;
}

/** What was measured on one batch. */
export interface Measurement {
  readonly loss: number;
  /** By layer: the norm of the loss's derivatives by all its weights, before any clipping. */
  readonly gradientNorms: Readonly<Record<string, number>>;
  readonly recurrent: readonly RecurrentMeasurement[];
}

/**
 * Measures gradients and activations of a loss, without dropout and from states of zeros; leaves the model, its carried
 * states and its stream of random numbers as they were.
 */
export function measure(
  model: Trainable,
  loss: () => Tensor,
  groups: ReadonlyMap<string, readonly Variable[]>,
): Promise<Measurement> {
  return withFreshStates(model, async () => {
    const { parts } = replayed(model.random.state, () =>
      scope(() => ({ parts: measured(model, loss, groups) })),
    ).result;
    return parts;
  });
}

/** Everything is computed when it has returned its promise. */
async function measured(
  model: Trainable,
  loss: () => Tensor,
  groups: ReadonlyMap<string, readonly Variable[]>,
): Promise<Measurement> {
  const {
    result: { value, gradients },
    runs,
  } = probingCells(() => valueAndGradients(loss, [...groups.values()].flat()));
  const [lossRead, squaresRead] = [value.data(), squaredNorms(gradients).each.data()];
  const recurrent = Promise.all(
    [...layersBelow(model)].flatMap(([path, layer]) => {
      const run = layer instanceof CellAlongTime ? runs.get(layer) : undefined;
      return run === undefined ? [] : [measuredRun(layerPath(path), run)];
    }),
  );
  const squares = Array.from(await squaresRead);
  let next = 0;
  const gradientNorms = [...groups].map(([layer, { length }]) => [
    layer,
    Math.sqrt(squares.slice(next, (next += length)).reduce((sum, square) => sum + square, 0)),
  ]);
  return { loss: (await lossRead)[0], gradientNorms: Object.fromEntries(gradientNorms), recurrent: await recurrent };
}

async function measuredRun(layer: string, run: ProbedRun): Promise<RecurrentMeasurement> {
  const [gradient, activity] = [timeGradient(run), activityOf(run)];
  const { plan, units } = run.call;
  return { layer, cell: plan.cell.name, units, timeGradient: (await gradient) ?? null, ...(await activity) };
}
