import { isObject } from '../../data/saved-fields.js';
import { withoutInitialWeights } from '../../layers/layer.js';
import { madeFromFile } from '../../made-from-file.js';
import { type LayerConfig, modelFromConfig } from '../../training/layer-registry.js';
import type { Model } from '../../training/model.js';
import {
  cleanName,
  KerasFields,
  type KerasFile,
  type KerasGeneration,
  note,
  noteLines,
  notTaken,
} from './keras-fields.js';
import { takenGraph } from './keras-graph.js';
import { isPlainKerasLayer, takenPlain } from './keras-layers.js';
import { masksDiffer } from './keras-masks.js';
import { isRecurrentOrWrapper, takenRecurrent } from './keras-recurrent.js';

/** What a configuration is read with. */
export interface KerasConfigOptions {
  /** The file's name, for messages. */
  readonly where: string;
  /** Which generation of Keras wrote it; TensorFlow.js writes that of Keras 2. */
  readonly generation: KerasGeneration;
  /** Shape of one sample without the batch, where the file does not say it. */
  readonly inputShape?: readonly (number | null)[] | undefined;
  /** How many numbers the file has for weights: a description that asks for more is refused before memory is taken. */
  readonly numValues: number;
}

/** A model of Keras as a Sequential or Functional of this library, its weights yet to come. */
export interface ModelOfKerasConfig {
  readonly model: Model;
  /** What was left out, or is computed in another way. */
  readonly notes: readonly string[];
}

/** Deeper than models inside each other are made. */
const deepestModels = 32;

/**
 * A model of its Keras configuration, `{ class_name, config }` of a Sequential or a functional model of Keras 2 or 3. Nothing in it is
 * run or looked up: classes are names of a table, and what is not in the table, a Lambda or a class of a user's own, is refused.
 *
 * @throws FILE_FORMAT naming the layer; OUT_OF_RANGE never: what the file asks for beyond its weights is FILE_FORMAT
 */
export function modelFromKerasConfig(stored: unknown, options: KerasConfigOptions): ModelOfKerasConfig {
  const file: KerasFile = { where: options.where, generation: options.generation, notes: new Map() };
  const taken = takenModel(file, stored, options.inputShape, 0);
  if (taken === undefined) {
    const name = isObject(stored) ? stored.class_name : stored;
    throw notTaken(file, '', 'the file holds no Sequential and no functional model.', name);
  }
  for (const layer of masksDiffer(taken))
    note(
      file,
      'padding that a mask hides takes no part here, where Keras counts it: results differ if masks reach',
      layer,
    );
  const model = madeFromFile(options.where, () =>
    withoutInitialWeights(options.numValues, () => modelFromConfig(taken)),
  );
  return { model, notes: noteLines(file) };
}

/** A layer of a file, with what is inside it. @throws FILE_FORMAT */
function takenLayer(file: KerasFile, stored: unknown, depth: number): LayerConfig {
  const { class_name: className, config, module, registered_name: registered } = isObject(stored) ? stored : {};
  if (typeof className !== 'string' || !(isObject(config) || Array.isArray(config)))
    throw notTaken(file, '', 'a layer is not what it should be.', stored, 'use an intact file.');
  const named: unknown = isObject(config) ? config.name : undefined;
  const place = `the layer \`${typeof named === 'string' ? named : ''}\` (${className})`;
  if (depth > deepestModels) throw notTaken(file, place, 'models are nested too deeply.', `${depth} levels`);
  if (className === 'Lambda' || className === 'TFOpLambda' || className === 'SlicingOpLambda')
    throw notTaken(file, place, 'the layer is a function of its own; what a file holds is never run.', className);
  if (!isOfKeras(module) || !(registered === undefined || registered === null || registered === className))
    throw notTaken(
      file,
      place,
      'the class is not one of Keras; what a file names is never looked up or run.',
      `${shown(module)}.${shown(registered ?? className)}`,
    );
  const inner = takenModel(file, stored, undefined, depth + 1);
  if (inner !== undefined) return inner;
  const fields = new KerasFields(file, className, config as Record<string, unknown>);
  if (isOperation(module)) return takenOperation(fields, String(module));
  // Kept beside the configuration, it says what a layer was built for.
  const withBuild = new KerasFields(file, className, {
    ...fields.fields,
    build_config: (stored as { build_config?: unknown }).build_config ?? null,
  });
  if (className === 'InputLayer') return takenInput(withBuild);
  if (isRecurrentOrWrapper(className))
    return takenRecurrent(withBuild, (each, inside) => takenLayer(each, inside, depth + 1));
  if (isPlainKerasLayer(className)) return takenPlain(withBuild);
  throw notTaken(file, place, 'the layer has no counterpart here.', className);
}

/** A value that should be a text; a file may hold any other, which JavaScript cannot always make a text of. */
function shown(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');
}

/** Modules of Keras itself, and of what it was part of. */
function isOfKeras(module: unknown): boolean {
  return (
    module === undefined ||
    module === null ||
    (typeof module === 'string' && /^(keras|tf_keras|tensorflow\.keras|tensorflow\.python\.keras)(\.|$)/.test(module))
  );
}

function isOperation(module: unknown): boolean {
  return typeof module === 'string' && /^keras(\.src)?\.ops(\.|$)/.test(module);
}

/** Operations on two tensors that are layers here. */
function takenOperation(fields: KerasFields, module: string): LayerConfig {
  if (!['Add', 'Subtract', 'Multiply', 'Maximum', 'Minimum'].includes(fields.className))
    throw notTaken(
      fields.file,
      fields.place,
      'the operation has no counterpart here.',
      `${module}.${fields.className}`,
    );
  const { config } = { config: fields.common() };
  fields.done();
  return { className: fields.className, config };
}

function takenInput(fields: KerasFields): LayerConfig {
  fields.require('sparse', [false], 'sparse inputs are not known here');
  fields.require('ragged', [false], 'ragged inputs are not known here');
  fields.skip('optional', 'dtype', 'input_tensor', 'type_spec');
  const shape = sampleShape(fields.take('batch_shape') ?? fields.take('batch_input_shape'));
  if (shape === undefined) throw fields.fault('batch_shape', 'a shape with the batch axis');
  const { name } = fields.common();
  fields.done();
  return { className: 'InputLayer', config: { name, shape } };
}

/** A shape with the batch axis as that of one sample; undefined where it is none. */
function sampleShape(given: unknown): (number | null)[] | undefined {
  if (!Array.isArray(given) || given.length === 0 || given.length > 8) return undefined;
  const isAxis = (axis: unknown): axis is number | null =>
    axis === null || (Number.isSafeInteger(axis) && (axis as number) > 0);
  const axes = (given as unknown[]).slice(1);
  return axes.every(isAxis) ? axes : undefined;
}

/** A model of a file; undefined for a layer that is none. */
function takenModel(
  file: KerasFile,
  stored: unknown,
  inputShape: KerasConfigOptions['inputShape'],
  depth: number,
): LayerConfig | undefined {
  if (!isObject(stored)) return undefined;
  const { class_name: className, config } = stored;
  const take = (each: KerasFile, inside: unknown): LayerConfig => takenLayer(each, inside, depth + 1);
  if ((className === 'Functional' || className === 'Model') && isObject(config)) return takenGraph(file, config, take);
  if (className !== 'Sequential') return undefined;
  // Before 2.3 the layers alone stood there.
  const fields: Readonly<Record<string, unknown>> = Array.isArray(config)
    ? { layers: config }
    : isObject(config)
      ? config
      : {};
  const name = cleanName(typeof fields.name === 'string' ? fields.name : 'sequential');
  const listed = fields.layers;
  if (!Array.isArray(listed) || listed.length === 0 || listed.length > 10_000)
    throw notTaken(file, `the model \`${name}\``, 'the model has no list of layers.', listed, 'use an intact file.');
  const layers = listed.map((layer: unknown) => take(file, layer));
  const [first] = layers;
  const built: unknown = isObject(stored.build_config) ? stored.build_config.input_shape : undefined;
  const firstConfig: unknown = isObject(listed[0]) ? listed[0].config : undefined;
  const given = isObject(firstConfig) ? firstConfig : {};
  const known =
    inputShape ??
    (first.className === 'InputLayer' ? (first.config.shape as (number | null)[]) : undefined) ??
    sampleShape(given.batch_input_shape ?? given.batch_shape) ??
    sampleShape(fields.build_input_shape) ??
    sampleShape(built);
  if (known === undefined && depth === 0)
    throw notTaken(
      file,
      `the model \`${name}\``,
      'the file does not say what the model reads.',
      'no shape of an input',
      'give `inputShape`, the shape of one sample without the batch.',
    );
  const chain = first.className === 'InputLayer' ? layers.slice(1) : layers;
  if (chain.length === 0 || chain.some((layer) => layer.className === 'InputLayer'))
    throw notTaken(
      file,
      `the model \`${name}\``,
      'the model has no layers, or an input among them.',
      chain.length,
      'use an intact file.',
    );
  return {
    className: 'Sequential',
    config: {
      name,
      trainable: fields.trainable !== false,
      ...(known !== undefined && { inputShape: known }),
      layers: chain.map((layer) => ({ className: layer.className, config: { ...layer.config } })),
    },
  };
}
