import { RondoError, requireKind } from '../../errors.js';
import { Model } from '../../training/model.js';
import type { ModelOutput } from '../../training/model-outputs.js';
import { type Hdf5DatasetToWrite, type Hdf5GroupToWrite, writeHdf5 } from '../hdf5/write-hdf5.js';
import { writeZip } from '../zip/write-zip.js';
import { kerasObjectOf } from './keras-config-of.js';
import type { KerasObject } from './keras-graph-of.js';
import { turnedMasks } from './turned-masks.js';
import { slotsOf } from './weight-slots.js';

/** The version whose form is written. */
const kerasVersion = '3.8.0';

/**
 * A model as a `.keras` file, which Keras 3 opens (`keras.models.load_model`) and computes the same with: a Sequential or a Functional
 * of layers that Keras has. How it was trained is not in it, nor are initializers, regularizers and constraints.
 *
 * @throws USAGE naming the layers that Keras has not, or where the model has no weights yet
 *
 * @example
 * await writeFile('model.keras', await writeKeras(model));
 */
export async function writeKeras(model: Model<ModelOutput>): Promise<Uint8Array> {
  const where = 'writeKeras';
  const config = kerasConfigOf(model, where);
  const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
  return writeZip(
    new Map([
      ['metadata.json', text({ keras_version: kerasVersion, date_saved: '1980-01-01@00:00:00' })],
      ['config.json', text(config)],
      ['model.weights.h5', await weightsOf(model as Model, where)],
    ]),
    { where },
  );
}

/**
 * The weights of a model as a `.weights.h5` file, which `load_weights` of Keras 3 puts into a model that has the same layers.
 *
 * @throws as {@link writeKeras}
 *
 * @example
 * await writeFile('model.weights.h5', await writeKerasWeights(model));
 */
export async function writeKerasWeights(model: Model<ModelOutput>): Promise<Uint8Array> {
  const where = 'writeKerasWeights';
  kerasConfigOf(model, where);
  return weightsOf(model as Model, where);
}

/** @throws USAGE */
function kerasConfigOf(model: Model<ModelOutput>, where: string): KerasObject {
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
  const faults: string[] = [];
  const config = kerasObjectOf(model as Model, model.name.toLowerCase(), faults);
  if (model.className !== 'Sequential' && model.className !== 'Functional') faults.unshift(model.className);
  else
    for (const name of turnedMasks(model))
      faults.push(`${name}: goBackwards with a mask that later layers read, which Keras does not turn round`);
  for (const [path, { variable }] of model.namedWeights(''))
    if (variable.compressed !== undefined) faults.push(`${path.slice(1)}: its weights are compressed`);
  if (faults.length > 0)
    throw new RondoError('USAGE', {
      where,
      what: 'Keras has no counterpart of these.',
      expected: 'a Sequential or Functional of layers and options that Keras has',
      received: [...new Set(faults)].slice(0, 10).join('; '),
      fix: 'save the model with saveModel.',
    });
  return config;
}

/** The weights of a model where Keras 3 looks for them. */
async function weightsOf(model: Model, where: string): Promise<Uint8Array> {
  const root = new Map<string, unknown>();
  for (const { variable, paths } of slotsOf(model)) {
    const [path] = paths;
    const names = path.split('/');
    let group = root;
    for (const name of names.slice(0, -1)) {
      if (!group.has(name)) group.set(name, new Map());
      group = group.get(name) as Map<string, unknown>;
    }
    const data = Float32Array.from(await variable.data());
    group.set(names.at(-1)!, { shape: variable.shape, data } satisfies Hdf5DatasetToWrite);
  }
  return writeHdf5(groupOf(root), where);
}

function groupOf(members: ReadonlyMap<string, unknown>): Hdf5GroupToWrite {
  return {
    members: new Map(
      [...members].map(([name, member]) => [
        name,
        member instanceof Map ? groupOf(member as ReadonlyMap<string, unknown>) : (member as Hdf5DatasetToWrite),
      ]),
    ),
  };
}
