import type { CallOptions, Layer, LayerWeight } from '../layers/layer.js';
import type { Random } from '../random.js';
import type { Shape } from '../shape.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Variable } from '../tensor/variable.js';
import type { Compiled } from './compiled.js';
import type { OutputForm, Outputs } from './model-outputs.js';
import type { NamedWeights } from './model-weights.js';
import type { Optimizer } from './optimizers/index.js';

/**
 * What can be trained: all that the fit loop, losses, callbacks, snapshots, evaluation and prediction know of a model.
 */
export interface Trainable {
  readonly className: string;
  /** The order in which it takes several inputs that are given by name. */
  readonly inputNames?: readonly string[];
  /** @throws USAGE where it is not compiled */
  readonly optimizer: Optimizer;
  readonly isBuilt: boolean;
  readonly trainableWeights: readonly Variable[];
  readonly sublayers: ReadonlyMap<string, Layer<unknown>>;
  namedWeights(): Iterable<[path: string, weight: LayerWeight]>;
  /** @throws SHAPE_MISMATCH, before anything changes, naming each weight that does not fit */
  setWeights(weights: NamedWeights): void;
  /** Forgets carried states. */
  resetStates(): void;

  /** The stream of random numbers of its weights and its training. */
  readonly random: Random;
  /** @internal Undefined where it is not compiled. */
  readonly compiledTraining: Compiled | undefined;
  /** @internal @param what the method that needs it, for messages. @throws USAGE where it is not compiled */
  requireCompiled(what: string): Compiled;

  /** @internal Runs it on a batch. Needs an open scope. */
  runBatch(inputs: readonly Tensor[], options: CallOptions): Outputs;
  /** @internal How outputs are arranged; undefined before the first run. */
  readonly outputArrangement: OutputForm | undefined;
  /** @internal 0 before the first run. */
  readonly numOutputs: number;
  /** @internal By output: the size of its last axis; null where it is unknown. */
  readonly outputWidths: readonly (number | null)[];
  /** @internal Refuses data that it cannot take, where that is known. @throws SHAPE_MISMATCH */
  requireInputShapes(shapes: readonly Shape[], where: string): void;
  /** @internal Makes the weights, unless they exist. @param rows where shapes alone do not do, `[1, ...shape]` each. */
  buildOn(shapes: readonly Shape[], rows: () => readonly Tensor[]): void;
}
