import { RondoError, requireKind } from '../../errors.js';
import { Bidirectional } from '../../layers/bidirectional.js';
import { Model } from '../../training/model.js';
import type { ModelOutput } from '../../training/model-outputs.js';
import { turnedMasks } from '../keras/turned-masks.js';
import { libraryVersion } from '../library-version.js';
import { type WrittenLayer, writtenClasses } from './layer-configs.js';
import { writtenTopology } from './written-topology.js';
import { type NamedWeight, weightsOf } from './written-weights.js';

/** The name by which every file of a layers model is found. */
export const modelJsonName = 'model.json';

/** The size at which tensorflowjs_converter cuts weights too, so that browsers can keep each file in their cache. */
const shardBytes = 4 * 1024 * 1024;

/**
 * A Sequential or Functional as a layers model of TensorFlow.js: the bytes of `model.json` and of its shards of weights by their names.
 * `tf.loadLayersModel` computes the same numbers with it, but for masked steps of a `Bidirectional` with `returnSequences`, which are
 * zeros here and repeat the step before in TensorFlow.js. Weights, shapes, regularizers and constraints are written, the optimizer and
 * initializers are not; several outputs keep their order and lose their names.
 *
 * @throws USAGE naming the layers that TensorFlow.js has not, such as a GRU with `resetAfter`; or where the model has no weights yet
 *
 * @example
 * for (const [name, bytes] of await writeTensorFlowJs(model)) await upload(name, bytes);
 */
export async function writeTensorFlowJs(model: Model<ModelOutput>): Promise<Map<string, Uint8Array>> {
  return tensorFlowJsFiles(model, modelJsonName);
}

/** @internal The same with another name in place of model.json, which names of shards then begin with. @throws as `writeTensorFlowJs` */
export async function tensorFlowJsFiles(model: Model<ModelOutput>, jsonName: string): Promise<Map<string, Uint8Array>> {
  const where = 'writeTensorFlowJs';
  requireKind(model instanceof Model, model, {
    where,
    what: 'this is no model.',
    fix: 'give a Sequential or a Functional.',
  });
  if (!model.isBuilt)
    throw new RondoError('USAGE', {
      where,
      what: 'the model has no weights yet.',
      fix: 'give its first layer an inputShape.',
    });
  const faults = new Map<string, Set<string>>();
  const faultOf =
    (name: string) =>
    (why: string): void =>
      void faults.set(name, (faults.get(name) ?? new Set()).add(why));
  const topology = writtenTopology(model, faultOf);
  requireKind(topology, model, {
    where,
    what: 'only a Sequential or a Functional is written.',
    fix: 'write the layers of your own model as one.',
  });
  for (const name of turnedMasks(model))
    faultOf(name)('goBackwards with a mask that later layers read, which TensorFlow.js does not turn round');
  const weights = [...model.sublayers].flatMap(([name, layer]) => {
    const inner = layer instanceof Bidirectional ? layer.forwardLayer.name : name;
    return weightsOf(layer, name, inner, faultOf(name));
  });
  if (faults.size > 0)
    throw new RondoError('USAGE', {
      where,
      what: 'TensorFlow.js has no layers that compute what these do.',
      expected: `${writtenClasses.join(', ')}, with what TensorFlow.js knows of them`,
      received: [...faults]
        .slice(0, 10)
        .map(([name, why]) => `${name} (${model.sublayers.get(name)?.className}): ${[...why].join(', ')}`)
        .join('; '),
      fix: 'build the model of other layers, or save it with saveModel.',
    });
  return filesOf(topology, weights, jsonName);
}

async function filesOf(
  topology: WrittenLayer,
  weights: readonly NamedWeight[],
  jsonName: string,
): Promise<Map<string, Uint8Array>> {
  const numbers = await Promise.all(weights.map(async ({ variable }) => Float32Array.from(await variable.data())));
  const sizeBytes = numbers.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const all = new Uint8Array(sizeBytes);
  let at = 0;
  for (const { buffer, byteLength } of numbers) {
    all.set(new Uint8Array(buffer), at);
    at += byteLength;
  }
  const count = Math.ceil(sizeBytes / shardBytes);
  // Models beside each other have weights of their own.
  const stem = jsonName.replace(/\.json$/i, '').replace(/[^\w.-]+/g, '_');
  const start = jsonName === modelJsonName ? '' : `${stem}-`;
  const names = Array.from({ length: count }, (_, i) => `${start}group1-shard${i + 1}of${count}.bin`);
  const manifest = weights.map(({ name, variable }) => ({ name, shape: variable.shape, dtype: 'float32' }));
  const json = {
    format: 'layers-model',
    generatedBy: `Rondo ${libraryVersion}`,
    convertedBy: null,
    modelTopology: { ...topology, keras_version: '2.15.0', backend: 'tensor_flow.js' },
    weightsManifest: count === 0 ? [] : [{ paths: names, weights: manifest }],
  };
  return new Map([
    [jsonName, new TextEncoder().encode(JSON.stringify(json))],
    ...names.map((name, i): [string, Uint8Array] => [name, all.slice(i * shardBytes, (i + 1) * shardBytes)]),
  ]);
}
