import { RondoError, refuseUnknownOptions, unknownName } from '../errors.js';
import { currentBackend } from '../kernels/select.js';
import { type Json, withoutInitialWeights } from '../layers/layer.js';
import { madeFromFile } from '../made-from-file.js';
import { type Shape, sizeOf } from '../shape.js';
import type { CompressedWeights, WeightForm } from '../tensor/compressed-weights.js';
import { keepHalves, roundedToHalf } from '../tensor/half-weights.js';
import { requireReadsNow } from '../tensor/reads-now.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import type { Variable } from '../tensor/variable.js';
import type { CompileOptions } from '../training/compiled.js';
import type { HostArray } from '../training/host-data.js';
import { modelFromConfig } from '../training/layer-registry.js';
import type { Model } from '../training/model.js';
import type { ModelOutput } from '../training/model-outputs.js';
import { assignWeights, type NumbersInPieces, readArrays, variablesOf } from '../training/model-weights.js';
import type { TrainingSnapshot } from '../training/snapshot.js';
import {
  type CheckpointMetadata,
  decodeMetadata,
  encodeMetadata,
  formatVersion,
  metadataKey,
  plainFormatVersion,
} from './checkpoint-metadata.js';
import { compressedTensors, mostZeros, takeCompressed } from './compressed-tensors.js';
import { checksumKey, checksumOf, requireChecksum } from './file-checksum.js';
import { fitsInt4, int4Tensors, takeInt4 } from './int4-tensors.js';
import { libraryVersion } from './library-version.js';
import { type DecodedTensor, decodeSafetensors, encodeSafetensors, type StoredTensor } from './safetensors.js';
import { halves, isHalf } from './safetensors-types.js';

/** Tensors whose names begin with this belong to the training state, not to the model. */
const trainingPrefix = '@training/';

export interface SerializeOptions {
  /** Whatever turns raw data into inputs, as plain JSON: a tokenizer, scalers, class names. */
  preprocessing?: Json | undefined;
  /** Adds the optimizer's state, so that training can go on where it was. Default false. */
  includeOptimizer?: boolean | undefined;
  /** Adds all that an exact resume needs, as `fit`'s `checkpoint` gives it. */
  training?: TrainingSnapshot | undefined;
  /**
   * How weights are stored. `float16` and `bfloat16` take half as much and keep 11 and 8 significant bits; machine code
   * computes with them as they are, where nothing trains them, else they are read back as single-precision numbers. With
   * `int4`, kernels, recurrent kernels of one head and embeddings take 4 bits and a scale for each 32 of them. Default
   * float32. Compressed weights stay as they are.
   */
  weightFormat?: WeightFileFormat | undefined;
}

/** How the weights of a file can be stored. */
export const weightFileFormats = ['float32', 'float16', 'bfloat16', 'int4'] as const;
export type WeightFileFormat = (typeof weightFileFormats)[number];

/**
 * What a model file holds. @typeParam Output what the model returns: one tensor for every Sequential, which is the
 * default.
 */
export interface LoadedModel<Output extends ModelOutput = Tensor> {
  /** Built, with its weights; compiled where the file says how. */
  readonly model: Model<Output>;
  /** Null where none was saved. */
  readonly preprocessing: Json;
  /** For `fit`'s `resumeFrom`; undefined where none was saved. */
  readonly training: TrainingSnapshot | undefined;
}

/**
 * A model as one safetensors file: its weights under readable names, and in the metadata the architecture, the way it
 * was compiled and the preprocessing. Whoever has the file can predict.
 *
 * @throws USAGE where the weights do not exist yet; FILE_FORMAT where a name cannot be stored; BACKEND_UNAVAILABLE where
 *   numbers are read asynchronously only: {@link serializeModelAsync} can do that
 */
export function serializeModel(model: Model, options: SerializeOptions = {}): Uint8Array {
  const { values, arrays, metadata } = contentOf(model, options);
  const formatOf = weightFormatsOf(model, options);
  requireReadsNow(currentBackend(), 'serializeModel', 'await serializeModelAsync(model)');
  const read = values.flatMap(([name, value]) =>
    value.compressed === undefined
      ? storedWeight(name, { data: value.dataSync(), shape: value.shape }, formatOf(name))
      : compressedTensors(name, value.compressed),
  );
  return encoded(read, arrays, metadata);
}

/** {@link serializeModel} on every backend. Weights must not change until it is done. @throws as `serializeModel` */
export async function serializeModelAsync(model: Model, options: SerializeOptions = {}): Promise<Uint8Array> {
  const { values, arrays, metadata } = contentOf(model, options);
  const formatOf = weightFormatsOf(model, options);
  const plain = values.filter(([, value]) => value.compressed === undefined);
  const read = Object.entries(await readArrays(plain)).flatMap(([name, array]) =>
    storedWeight(name, array, formatOf(name)),
  );
  const compressed = values.flatMap(([name, { compressed }]) =>
    compressed ? compressedTensors(name, compressed) : [],
  );
  return encoded([...read, ...compressed], arrays, metadata);
}

/** How a weight is stored: in which format, and how its matrix lies where it is one. */
interface WeightStorage {
  readonly format: WeightFileFormat;
  readonly form: WeightForm | undefined;
}

function weightFormatsOf(
  model: Model,
  { weightFormat: format = 'float32' }: SerializeOptions,
): (name: string) => WeightStorage {
  const forms = new Map([...model.namedWeights()].map(([name, { form }]) => [name, form]));
  return (name) => ({ format, form: forms.get(name) });
}

function storedWeight(name: string, array: HostArray, { format, form }: WeightStorage): [string, StoredTensor][] {
  const { shape } = array;
  if (format === 'int4' && form !== undefined && fitsInt4(shape)) return int4Tensors(name, array, form);
  if (format === 'float16' || format === 'bfloat16') {
    const data = roundedToHalf('serializeModel', name, format, array.data);
    return [[name, { dtype: format === 'float16' ? 'F16' : 'BF16', shape, data }]];
  }
  return [[name, stored(name, array)]];
}

/** What a file holds. */
interface Content {
  /** Weights and what the optimizer keeps, to be read. */
  readonly values: readonly (readonly [name: string, value: Variable])[];
  /** What was read before. */
  readonly arrays: Readonly<Record<string, HostArray>>;
  readonly metadata: CheckpointMetadata;
}

function contentOf(model: Model, options: SerializeOptions): Content {
  const where = 'serializeModel';
  refuseUnknownOptions(where, options, ['preprocessing', 'includeOptimizer', 'training', 'weightFormat']);
  const { preprocessing = null, includeOptimizer = false, training, weightFormat = 'float32' } = options;
  if (!weightFileFormats.includes(weightFormat))
    throw unknownName(where, 'weight format', String(weightFormat), weightFileFormats);
  if (weightFormat !== 'float32' && (includeOptimizer || training !== undefined))
    throw new RondoError('USAGE', {
      where,
      what: 'a file to resume from keeps its weights as they are.',
      expected: 'weightFormat float32',
      received: weightFormat,
      fix: 'leave weightFormat out, or save the finished model.',
    });
  if (!model.isBuilt)
    throw new RondoError('USAGE', {
      where,
      what: 'the model has no weights yet.',
      expected: 'a model that was built or has seen data',
      fix: 'give it an inputShape, or train it first.',
    });
  const values: [string, Variable][] = [];
  const pruned: string[] = [];
  for (const [name, weight] of variablesOf(model)) {
    if (name.startsWith(trainingPrefix))
      throw new RondoError('FILE_FORMAT', {
        where,
        what: `the weight name \`${name}\` is reserved.`,
        expected: `a name that does not begin with ${trainingPrefix}`,
        fix: 'rename the layer.',
      });
    values.push([name, weight]);
    if (weight.mask !== undefined) pruned.push(name);
  }
  const { optimizer } = model.compiledTraining ?? {};
  if (includeOptimizer && training === undefined && optimizer !== undefined) {
    // An optimizer that has taken no step has made no state yet, and its file would miss it.
    optimizer.build([...new Set(model.trainableWeights)]);
    for (const variable of optimizer.stateVariables())
      values.push([`${trainingPrefix}optimizer/${variable.name}`, variable]);
  }
  const metadata: CheckpointMetadata = {
    formatVersion:
      weightFormat === 'int4' || values.some(([, { compressed }]) => compressed !== undefined)
        ? formatVersion
        : plainFormatVersion,
    libraryVersion,
    architecture: { className: model.className, config: model.getConfig() },
    inputShapes: model.inputSampleShapes ?? null,
    compiled: model.compiledTraining?.config ?? null,
    preprocessing,
    optimizer: (includeOptimizer && training === undefined && optimizer?.getState()) || null,
    training: training?.values ?? null,
    ...(pruned.length > 0 && { pruned }),
  };
  return { values, arrays: training?.arrays ?? {}, metadata };
}

function encoded(
  read: Iterable<readonly [string, StoredTensor]>,
  arrays: Content['arrays'],
  metadata: CheckpointMetadata,
): Uint8Array {
  const tensors = new Map(read);
  for (const [name, array] of Object.entries(arrays)) tensors.set(trainingPrefix + name, stored(name, array));
  const description = encodeMetadata(metadata);
  return encodeSafetensors(tensors, { [metadataKey]: description, [checksumKey]: checksumOf(tensors, description) });
}

/**
 * The model of a file's bytes. A class of your own must have been registered with `registerLayer`, a cell with
 * `registerCell`. A model compiled with a loss or metric of your own comes back not compiled unless that was registered
 * with `losses.registerLoss` or `metrics.registerMetric`; so does one with an optimizer of your own.
 *
 * @param where the file's name, for messages.
 * @throws FILE_FORMAT where the file is cut short, foreign or damaged, or weights are missing, unknown or of another
 *   shape; FILE_VERSION where a later version of Rondo wrote it; UNKNOWN_NAME for a class that is not registered
 */
export function deserializeModel<Output extends ModelOutput = Tensor>(
  bytes: Uint8Array,
  where = 'deserializeModel',
): LoadedModel<Output> {
  return modelOfTensors(decodeSafetensors(bytes, where, { copy: false }), where);
}

/** Weights by their names, as a file holds them. */
type WeightsOfFile = Record<string, HostArray | NumbersInPieces | CompressedWeights>;

/** What a safetensors file holds. */
type Decoded = ReturnType<typeof decodeSafetensors>;

/** As {@link deserializeModel}, of what was decoded. */
export function modelOfTensors<Output extends ModelOutput = Tensor>(
  { tensors, metadata }: Decoded,
  where: string,
): LoadedModel<Output> {
  const facts = decodeMetadata(metadata, where);
  requireChecksum(tensors, metadata, metadata[metadataKey], where);
  const { weights, state } = separated(tensors, where);
  const model = madeFromFile(where, () => {
    const made = withoutInitialWeights(numValuesOf(weights), () =>
      built(modelFromConfig(facts.architecture), facts.inputShapes),
    );
    assignWeights(made, weights, where, 'FILE_FORMAT');
    keepStoredHalves(made, tensors);
    keepPruned(made, facts.pruned, where);
    if (facts.compiled !== null) compileAsStored(made, facts, state, where);
    return made;
  });
  // What outlives this call has memory of its own.
  const training = facts.training === null ? undefined : { values: facts.training, arrays: copied(state) };
  return { model: model as Model as Model<Output>, preprocessing: facts.preprocessing, training };
}

/**
 * Reads the weights of a safetensors file into a model made in code; all names and shapes must fit. A model that has
 * seen no data is built first, where the file was written by Rondo.
 *
 * @throws FILE_FORMAT naming each weight that does not fit; the model is then unchanged. USAGE where it has no weights
 */
export function loadWeights(model: Model, bytes: Uint8Array, where = 'loadWeights'): void {
  takeTensors(model, decodeSafetensors(bytes, where, { copy: false }), where);
}

/** As {@link loadWeights}, of what was decoded. */
export function takeTensors(model: Model, { tensors, metadata }: Decoded, where: string): void {
  const description = metadata[metadataKey];
  const { inputShapes, pruned } = description === undefined ? { inputShapes: null } : decodeMetadata(metadata, where);
  if (description !== undefined) requireChecksum(tensors, metadata, description, where);
  const { weights } = separated(tensors, where);
  if (!model.isBuilt)
    madeFromFile(where, () => withoutInitialWeights(numValuesOf(weights), () => built(model, inputShapes)));
  if (!model.isBuilt)
    throw new RondoError('USAGE', {
      where,
      what: 'the model has no weights yet.',
      expected: 'a model that was built or has seen data',
      fix: 'give it an inputShape, or predict once before loading.',
    });
  assignWeights(model, weights, where, 'FILE_FORMAT');
  keepStoredHalves(model, tensors);
  keepPruned(model, pruned, where);
}

/** Weights of 16 bits stay so for products, where the backend reads them. */
function keepStoredHalves(model: Model, tensors: ReadonlyMap<string, DecodedTensor>): void {
  for (const [name, { variable, form, inputAxes }] of model.namedWeights()) {
    const stored = tensors.get(name)?.storedDtype;
    if (stored !== undefined && isHalf(stored) && form !== undefined)
      keepHalves(variable, { form, inputAxes }, halves[stored]);
  }
}

/** What of the weights is 0 in a file stays 0 in training where the file says that it was pruned. @throws FILE_FORMAT */
function keepPruned(model: Model, pruned: readonly string[] = [], where: string): void {
  const weights = variablesOf(model);
  const names = new Set(pruned);
  const unknown = pruned.find((name) => !weights.has(name));
  if (unknown !== undefined)
    throw new RondoError('FILE_FORMAT', {
      where,
      what: `the file says that \`${unknown.slice(0, 60)}\` is pruned, which is no weight of the model.`,
      fix: 'use an intact copy of the file.',
    });
  for (const [name, weight] of weights) weight.mask = names.has(name) ? 'zeros' : undefined;
}

/** The most values of one row of input that a model with a `call` of its own is run on to make its weights. */
const largestRow = 2 ** 24;

function built(model: Model, inputShapes: readonly Shape[] | null): Model {
  if (inputShapes === null) return model;
  model.buildOn(inputShapes, () => {
    const numValues = inputShapes.reduce((sum, shape) => sum + sizeOf(shape), 0);
    if (numValues > largestRow) {
      throw new RondoError('OUT_OF_RANGE', {
        where: model.className,
        what: 'the description names inputs too large to make the weights with.',
        expected: `at most ${largestRow} values in one row`,
        received: `${numValues} values`,
        fix: 'make the model in code, build it on a shorter input, and read the weights with loadWeights.',
      });
    }
    // Ones and not zeros: zeros are padding to a layer that masks them.
    return inputShapes.map((shape) => tensor(new Float32Array(sizeOf(shape)).fill(1), [1, ...shape]));
  });
  return model;
}

function numValuesOf(weights: Readonly<WeightsOfFile>): number {
  return Object.values(weights).reduce((sum, weight) => {
    const size = sizeOf(weight.shape);
    return sum + ('matrices' in weight ? Math.min(size, mostZeros * heldBy(weight)) : size);
  }, 0);
}

function heldBy({ matrices }: CompressedWeights): number {
  return matrices.reduce(
    (sum, matrix) => sum + matrix.values.length + (matrix.kind === 'blocks' ? matrix.starts.length : 0),
    0,
  );
}

function compileAsStored(
  model: Model,
  { compiled, optimizer: counters }: CheckpointMetadata,
  state: Readonly<Record<string, HostArray>>,
  where: string,
): void {
  // Whether a stored name is one that there is, compiling says.
  model.compileAsStored(compiled as CompileOptions);
  if (counters === null || model.compiledTraining === undefined) return;
  const { optimizer } = model;
  optimizer.build([...new Set(model.trainableWeights)]);
  for (const variable of optimizer.stateVariables()) {
    const array = state[`optimizer/${variable.name}`];
    if (array === undefined || array.data.length !== variable.size)
      throw new RondoError('FILE_FORMAT', {
        where,
        what: `the optimizer's \`${variable.name}\` is missing, or has another size.`,
        expected: `${variable.size} values`,
        received: array === undefined ? 'none' : `${array.data.length} values`,
        fix: 'use an intact copy of the file.',
      });
    variable.assign(array.data);
  }
  optimizer.setState(counters);
}

function stored(name: string, { data, shape }: HostArray): StoredTensor {
  if (data instanceof Float32Array) return { dtype: 'F32', shape, data };
  if (data instanceof Float64Array) return { dtype: 'F64', shape, data };
  throw new RondoError('FILE_FORMAT', {
    where: 'serializeModel',
    what: `\`${name}\` is no array of floating-point numbers.`,
    expected: 'Float32Array or Float64Array',
    received: data.constructor.name,
    fix: 'give weights and states as such arrays.',
  });
}

function copied(arrays: Readonly<Record<string, HostArray>>): Record<string, HostArray> {
  return Object.fromEntries(
    Object.entries(arrays).map(([name, { data, shape }]) => [name, { data: data.slice(), shape }]),
  );
}

function separated(
  tensors: ReadonlyMap<string, DecodedTensor>,
  where: string,
): { weights: WeightsOfFile; state: Record<string, HostArray> } {
  const plain = new Map(tensors);
  const weights: WeightsOfFile = {
    ...Object.fromEntries(takeInt4(plain, where)),
    ...Object.fromEntries(takeCompressed(plain, where)),
  };
  const state: Record<string, HostArray> = {};
  for (const [name, tensor] of plain) {
    const { shape, pieces } = tensor;
    if (pieces !== undefined && !name.startsWith(trainingPrefix)) {
      weights[name] = { shape, pieces };
      continue;
    }
    const { data } = tensor;
    if (data instanceof BigInt64Array || data instanceof BigUint64Array)
      throw new RondoError('FILE_FORMAT', {
        where,
        what: `\`${name}\` holds 64-bit integers.`,
        expected: 'floating-point numbers',
        received: data.constructor.name,
        fix: 'save the tensor as F32.',
      });
    if (name.startsWith(trainingPrefix)) state[name.slice(trainingPrefix.length)] = { data, shape };
    else weights[name] = { data, shape };
  }
  return { weights, state };
}
