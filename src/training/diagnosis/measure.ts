import { CellAlongTime } from '../../layers/cell-along-time.js';
import { replayed } from '../../random.js';
import { valueAndGradients } from '../../tensor/tape.js';
import { scope, type Tensor, type Variable } from '../../tensor/tensor.js';
import type { Model } from '../model.js';
import { squaredNorms } from '../optimizers/gradient-norms.js';
import { layersBelow, withFreshStates } from '../snapshot.js';
import { type Activity, activityOf } from './activity.js';
import { probingCells } from './probed-run.js';
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
  model: Model,
  loss: () => Tensor,
  groups: ReadonlyMap<string, readonly Variable[]>,
): Promise<Measurement> {
  return withFreshStates(
    model,
    async () => replayed(model.random.state, () => scope(() => measured(model, loss, groups))).result,
  );
}

function measured(model: Model, loss: () => Tensor, groups: ReadonlyMap<string, readonly Variable[]>): Measurement {
  const {
    result: { value, gradients },
    runs,
  } = probingCells(() => valueAndGradients(loss, [...groups.values()].flat()));
  const squares = Array.from(squaredNorms(gradients).each.dataSync());
  let next = 0;
  const gradientNorms = [...groups].map(([layer, { length }]) => [
    layer,
    Math.sqrt(squares.slice(next, (next += length)).reduce((sum, square) => sum + square, 0)),
  ]);
  const recurrent = [...layersBelow(model)].flatMap(([path, layer]) => {
    const run = layer instanceof CellAlongTime ? runs.get(layer) : undefined;
    if (run === undefined) return [];
    return [
      {
        layer: layerPath(path),
        cell: run.call.plan.cell.name,
        units: run.call.units,
        timeGradient: timeGradient(run) ?? null,
        ...activityOf(run),
      },
    ];
  });
  return { loss: value.item(), gradientNorms: Object.fromEntries(gradientNorms), recurrent };
}
