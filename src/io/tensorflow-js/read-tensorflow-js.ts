import { isObject } from '../../data/saved-fields.js';
import { RondoError, refuseUnknownOptions, requireKind } from '../../errors.js';
import type { Model } from '../../training/model.js';
import { parseBoundedJson } from '../bounded-json.js';
import { damagedFile } from '../file-fault.js';
import { modelFromKerasConfig } from '../keras/keras-config.js';
import type { MatchedWeights } from '../model-format.js';
import { type ReadShard, type ReadWeight, weightsOfGroup } from './read-shards.js';
import { requireAxes, takeWeights } from './taken-weights.js';
import { keras2Topology } from './topology.js';
import { groupsOf } from './weights-manifest.js';

export interface ReadTensorFlowJsOptions {
  /** Gives the bytes of a file that model.json names, by its path beside it; a path never leaves that folder. */
  shard: ReadShard;
  /** Of the file, for messages. Default `model.json`. */
  name?: string | undefined;
}

/** A layers model of TensorFlow.js as a model of this library. */
export interface TensorFlowJsModel {
  /** A Sequential, or a Functional with the model's inputs and outputs in their order. */
  readonly model: Model;
  /** The weights that each layer took. */
  readonly matched: readonly MatchedWeights[];
  /** Names of weights that no layer took, such as an optimizer's. */
  readonly leftOver: readonly string[];
  /** What was left out, or is computed in another way. */
  readonly notes: readonly string[];
}

/**
 * A model of what TensorFlow.js's `model.save` or `tensorflowjs_converter` wrote as a layers model: `model.json` and its shards of
 * weights, also those in 8 or 16 bits. It computes what TensorFlow.js computes; activations, the hard sigmoid of gates and GRUs are
 * those of Keras 2. Nothing in the files is run.
 *
 * @param modelJson what model.json holds, as text or parsed
 * @throws FILE_FORMAT for graph models, layers that have no counterpart, damaged files; what `shard` throws
 *
 * @example
 * const url = 'https://example.org/model/model.json';
 * const fetched = async (path) => new Uint8Array(await (await fetch(new URL(path, url))).arrayBuffer());
 * const { model } = await readTensorFlowJs(await (await fetch(url)).text(), { shard: fetched });
 */
export async function readTensorFlowJs(
  modelJson: unknown,
  options: ReadTensorFlowJsOptions,
): Promise<TensorFlowJsModel> {
  refuseUnknownOptions('readTensorFlowJs', options, ['shard', 'name']);
  const { shard, name: where = 'model.json' } = options;
  requireKind(typeof shard === 'function', shard, {
    where: 'readTensorFlowJs',
    what: '`shard` is no function.',
    fix: 'write shard: async (path) => the bytes of that file beside model.json.',
  });
  requireKind(typeof modelJson === 'string' || isObject(modelJson), modelJson, {
    where: 'readTensorFlowJs',
    what: 'this is no model.json.',
    fix: 'give its text, or what JSON.parse made of it.',
  });
  const json = typeof modelJson === 'string' ? parseBoundedJson(modelJson, where, 'model.json') : modelJson;
  if (!isObject(json))
    throw damagedFile({ where, what: 'model.json holds no object.', received: JSON.stringify(json).slice(0, 100) });
  refuseGraphModel(json, where);
  if (json.weightsManifest === undefined)
    throw damagedFile({
      where,
      what: 'model.json names no weights.',
      expected: '`modelTopology` and `weightsManifest`',
      received: Object.keys(json).join(', '),
      fix: 'save the model with model.save: a topology alone is a model without weights.',
    });
  const groups = groupsOf(json.weightsManifest, where);
  const stored = groups.flatMap(({ weights }) => weights);
  const numValues = stored
    .filter(({ isOptimizer }) => !isOptimizer)
    .reduce((sum, { shape }) => sum + shape.reduce((size, axis) => size * axis, 1), 0);
  const { topology, axes } = keras2Topology(json.modelTopology, where);
  const { model, notes } = modelFromKerasConfig(topology, { where, generation: 2, numValues });
  requireAxes(model, axes, where);
  const weights = new Map<string, ReadWeight>();
  for (const group of groups)
    for (const [weight, values] of await weightsOfGroup(group, shard, where)) weights.set(weight, values);
  const { matched, leftOver } = takeWeights(model, weights, where);
  return {
    model,
    matched,
    leftOver: [...leftOver, ...stored.filter(({ isOptimizer }) => isOptimizer).map(({ name }) => name)],
    notes: [...notes, ...notesOf(json, topology)],
  };
}

/** What is not taken over of the file as a whole. */
function notesOf(json: Readonly<Record<string, unknown>>, topology: unknown): string[] {
  const text = JSON.stringify(topology);
  const isMasked = /"class_name":"Masking"|"mask_zero":true/.test(text);
  const bothWays = text.indexOf('"class_name":"Bidirectional"');
  const isBothWays = bothWays >= 0 && text.includes('"return_sequences":true', bothWays);
  return [
    ...(isObject(json.trainingConfig) || isObject((json.modelTopology as Record<string, unknown>).training_config)
      ? ['the optimizer, losses and metrics are not taken over: compile the model']
      : []),
    ...(isMasked && isBothWays
      ? [
          'a Bidirectional with returnSequences gives zeros at masked steps, where TensorFlow.js repeats the step before',
        ]
      : []),
  ];
}

function refuseGraphModel(json: Readonly<Record<string, unknown>>, where: string): void {
  const { format, modelTopology } = json;
  const isGraph =
    format === 'graph-model' || (isObject(modelTopology) && ('node' in modelTopology || 'library' in modelTopology));
  if (isGraph)
    throw new RondoError('FILE_FORMAT', {
      where,
      what: 'this is a graph model: operations of TensorFlow, and no layers.',
      expected: 'a layers model (`"format": "layers-model"`)',
      received: '`"format": "graph-model"`',
      fix: 'convert its Keras model with --output_format=tfjs_layers_model, or export it to ONNX for readOnnx.',
    });
  if (!isObject(modelTopology))
    throw damagedFile({
      where,
      what: 'this is no model of TensorFlow.js.',
      expected: '`modelTopology`: a model of layers',
      received: Object.keys(json).slice(0, 10).join(', ') || 'nothing',
      fix: 'give the model.json that model.save or tensorflowjs_converter wrote.',
    });
  if (format !== undefined && format !== null && format !== 'layers-model')
    throw damagedFile({
      where,
      what: 'the format of the model is not known.',
      expected: '`"format": "layers-model"`',
      received: JSON.stringify(format),
    });
}
