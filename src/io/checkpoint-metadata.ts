import {
  type Holds,
  isBoolean,
  isCount,
  isFiniteNumber,
  isNumber,
  isObject,
  isText,
  listOf,
  objectWith,
  optional,
  orNull,
  recordOf,
  SavedFields,
} from '../data/saved-fields.js';
import { RondoError } from '../errors.js';
import type { Json } from '../layers/layer.js';
import type { Shape } from '../shape.js';
import type { TrainingConfig } from '../training/compiled.js';
import type { LayerConfig } from '../training/layer-registry.js';
import type { OptimizerState } from '../training/optimizers/index.js';
import type { TrainingSnapshot } from '../training/snapshot.js';
import { parseBoundedJson } from './bounded-json.js';

/** Files of a later format are refused, those of an earlier one read. */
export const formatVersion = 2;
/** What files without compressed weights say, so that earlier versions of the library read them. */
export const plainFormatVersion = 1;

/** The key of the metadata that makes a safetensors file a model. */
export const metadataKey = 'rondo';

/** What a model file says besides its tensors. */
export interface CheckpointMetadata {
  readonly formatVersion: number;
  /** The version of the library that wrote the file. */
  readonly libraryVersion: string;
  readonly architecture: LayerConfig;
  /** Shapes of one sample of each input; null where the weights were never made. */
  readonly inputShapes: readonly Shape[] | null;
  /** Null where the model was not compiled, or with a loss that is a function. */
  readonly compiled: TrainingConfig | null;
  /** Whatever turns raw data into inputs: a tokenizer, scalers. */
  readonly preprocessing: Json;
  /** Counters of the optimizer, where its state is in the file without a whole training state. */
  readonly optimizer: OptimizerState | null;
  readonly training: TrainingSnapshot['values'] | null;
  /** Names of weights whose zeros are pruned, and stay 0 in training; absent where there are none. */
  readonly pruned?: readonly string[] | undefined;
}

/** As JSON, which has no words for NaN and infinity: they become `{"$number": "NaN"}`. */
export function encodeMetadata(metadata: CheckpointMetadata): string {
  return JSON.stringify(metadata, (_, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? { $number: String(value) } : value,
  );
}

/**
 * What the metadata of a file say, checked field by field: nothing of it is trusted, since files come from anywhere.
 *
 * @throws FILE_FORMAT where it is missing or damaged; FILE_VERSION where a later version of the library wrote it
 */
export function decodeMetadata(metadata: Readonly<Record<string, string>>, where: string): CheckpointMetadata {
  const text = metadata[metadataKey];
  if (text === undefined) {
    throw new RondoError('FILE_FORMAT', {
      where,
      what: 'the file holds weights, but does not say of which model.',
      expected: `a file written by saveModel, with metadata \`${metadataKey}\``,
      received: `metadata: ${Object.keys(metadata).join(', ').slice(0, 200) || 'none'}`,
      fix: 'make the model in code and read the weights with loadWeights.',
    });
  }
  const parsed = parseBoundedJson(text, where, 'the description of the model', (_, value) =>
    isNumberWord(value) ? Number(value.$number) : value,
  );
  const saved = new SavedFields(where, parsed);
  const version = saved.read('formatVersion', 'a whole number', isCount);
  const libraryVersion = saved.read('libraryVersion', 'a text', isText);
  if (version > formatVersion) {
    throw new RondoError('FILE_VERSION', {
      where,
      what: 'the file was written by a later version of Rondo.',
      expected: `format ${formatVersion} or earlier`,
      received: `format ${version}, written by Rondo ${libraryVersion.slice(0, 40)}`,
      fix: 'update Rondo.',
    });
  }
  return {
    formatVersion: version,
    libraryVersion,
    architecture: saved.read('architecture', 'an architecture { className, config }', isLayerConfig),
    inputShapes: saved.read('inputShapes', 'shapes, or null', orNullWhereAbsent(listOf(listOf(isCount)))) ?? null,
    compiled: saved.read('compiled', '{ optimizer, loss }, or null', orNullWhereAbsent(isTrainingConfig)) ?? null,
    preprocessing: saved.read('preprocessing', 'JSON', isJson) ?? null,
    optimizer:
      saved.read('optimizer', 'the state of an optimizer, or null', orNullWhereAbsent(isOptimizerState)) ?? null,
    training: saved.read('training', 'the state of a training, or null', orNullWhereAbsent(isTrainingValues)) ?? null,
    pruned: saved.read('pruned', 'names of weights', optional(listOf(isText))),
  };
}

/** A file need not have what it has nothing to say about. */
function orNullWhereAbsent<T>(holds: Holds<T>): Holds<T | null | undefined> {
  return optional(orNull(holds));
}

/** Whatever was parsed is JSON. */
const isJson = (_value: unknown): _value is Json | undefined => true;

/** A layer, and the layers inside it; their other options are checked by their classes. */
function isLayerConfig(value: unknown): value is LayerConfig {
  if (!objectWith({ className: isText, config: isObject })(value)) return false;
  const { name, trainable, inputShape, layers, layer, backwardLayer } = value.config;
  return (
    optional(isText)(name) &&
    optional(isBoolean)(trainable) &&
    optional(listOf(orNull(isCount)))(inputShape) &&
    optional(listOf(isLayerConfig))(layers) &&
    optional(isLayerConfig)(layer) &&
    optional(isLayerConfig)(backwardLayer)
  );
}

const isConfiguration = objectWith({ name: isText, config: isObject });

/** One for the whole model, or one for each output, in a list or by name. */
function byOutput(holds: Holds<unknown>): Holds<unknown> {
  const alternatives: readonly Holds<unknown>[] = [holds, listOf(holds), recordOf(holds)];
  return (value): value is unknown => alternatives.some((alternative) => alternative(value));
}

const isMetric = (value: unknown): value is unknown => isText(value) || isConfiguration(value);

const isTrainingConfig = objectWith({
  optimizer: isConfiguration,
  loss: byOutput(isConfiguration),
  metrics: optional(byOutput(listOf(isMetric))),
  weightedMetrics: optional(byOutput(listOf(isMetric))),
  lossWeights: optional(byOutput(isFiniteNumber)),
}) as Holds<TrainingConfig>;

const isOptimizerState: Holds<OptimizerState> = objectWith({
  name: isText,
  batches: isCount,
  learningRate: orNull(isFiniteNumber),
  counters: recordOf(isFiniteNumber),
});

const isTrainingValues = objectWith({
  epoch: isCount,
  batch: isCount,
  seed: orNull(isCount),
  numSteps: isCount,
  isStopping: isBoolean,
  history: objectWith({ epochs: listOf(isCount), metrics: recordOf(listOf(isNumber)) }),
  logs: orNull(isObject),
  numRows: orNull(isCount),
  batchSize: orNull(isCount),
  random: isObject,
  optimizer: isOptimizerState,
  callbacks: listOf(objectWith({ name: isText, values: isObject })),
}) as Holds<unknown> as Holds<TrainingSnapshot['values']>;

function isNumberWord(value: unknown): value is { $number: string } {
  return isObject(value) && isText(value.$number) && Object.keys(value).length === 1;
}
