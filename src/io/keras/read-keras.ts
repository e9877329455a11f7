import { isObject } from '../../data/saved-fields.js';
import { RondoError, refuseUnknownOptions, requireKind } from '../../errors.js';
import { Model } from '../../training/model.js';
import { parseBoundedJson } from '../bounded-json.js';
import { damagedFile, foreignFile } from '../file-fault.js';
import { isHdf5, openHdf5 } from '../hdf5/hdf5-file.js';
import { requireBytes } from '../require-bytes.js';
import { utf8Text } from '../utf8-text.js';
import { defaultMaxBytes, ZipArchive } from '../zip/read-zip.js';
import { modelFromKerasConfig } from './keras-config.js';
import type { KerasGeneration } from './keras-fields.js';
import { type LoadedKerasWeights, loadFromHdf5 } from './load-weights.js';
import { numbersIn } from './stored-weights.js';

export interface ReadKerasOptions {
  /** Shape of one sample without the batch, for a Sequential that was saved before it knew it; null for an axis of any size. */
  inputShape?: readonly (number | null)[] | undefined;
  /** What the deflated members of a `.keras` file may unpack to, and what weights in packed chunks may. Default 4 GiB. */
  maxBytes?: number | undefined;
}

/** A model of Keras, with what became of its weights. */
export interface ModelOfKeras extends LoadedKerasWeights {
  readonly model: Model;
}

/** The parts of a file. */
interface Opened {
  readonly weights: Uint8Array;
  readonly weightsName: string;
  readonly config: unknown;
  readonly generation: KerasGeneration;
}

/**
 * A model of a Keras file with its weights: `.keras`, or a whole model in `.h5` or `.hdf5`, of Keras 2 or 3. Layers become those of this
 * library of the same name; `matched` says which weights of the file went where, `leftOver` which were not taken, `notes` what is other.
 *
 * Nothing in a file is run. A Lambda, a class or function of a user's own, and whatever has no counterpart here is refused by name.
 *
 * @param where the file's name, for messages.
 * @throws FILE_FORMAT; SHAPE_MISMATCH where weights do not fit their layers; OUT_OF_MEMORY
 *
 * @example
 * const { model, notes } = await readKeras(new Uint8Array(await response.arrayBuffer()), 'model.keras');
 */
export async function readKeras(
  bytes: Uint8Array,
  where = 'readKeras',
  options: ReadKerasOptions = {},
): Promise<ModelOfKeras> {
  requireBytes(bytes, where);
  refuseUnknownOptions('readKeras', options, ['inputShape', 'maxBytes']);
  const opened = await openKeras(bytes, where, options.maxBytes);
  if (opened.config === undefined)
    throw new RondoError('FILE_FORMAT', {
      where,
      what: 'the file holds weights alone, and no model.',
      expected: 'a whole model: `model_config`, or config.json',
      fix: 'make the model in code and give it the weights: loadKerasWeights(model, bytes).',
    });
  const root = openHdf5(opened.weights, opened.weightsName);
  const { weightsName, weights } = opened;
  const numValues = numbersIn(root, weightsName, weights.length, options.maxBytes ?? defaultMaxBytes);
  const { generation, config } = opened;
  const { model, notes } = modelFromKerasConfig(config, {
    where,
    generation,
    inputShape: options.inputShape,
    numValues,
  });
  const loaded = await loadFromHdf5(model, root, weightsName, orderOf(config));
  return { model, ...loaded, notes: [...notes, ...loaded.notes] };
}

/**
 * Puts the weights of a Keras file into a model that has its layers: `.weights.h5`, `.h5` and `.hdf5` with or without a model, `.keras`.
 * Layers are matched by their names where the file has them all, else by their order; shapes must fit, and all or nothing is changed.
 *
 * @param where the file's name, for messages.
 * @throws FILE_FORMAT; SHAPE_MISMATCH where a layer finds no weights that fit; USAGE where the model has no weights yet
 *
 * @example
 * const { matched, leftOver } = await loadKerasWeights(model, bytes, 'my.weights.h5');
 */
export async function loadKerasWeights(
  model: Model,
  bytes: Uint8Array,
  where = 'loadKerasWeights',
): Promise<LoadedKerasWeights> {
  requireKind(model instanceof Model, model, {
    where: 'loadKerasWeights',
    what: 'this is no model.',
    fix: 'give a Sequential or a Functional.',
  });
  requireBytes(bytes, where);
  if (!model.isBuilt)
    throw new RondoError('USAGE', {
      where: 'loadKerasWeights',
      what: 'the model has no weights yet.',
      fix: 'give its first layer an inputShape.',
    });
  const { weights, weightsName } = await openKeras(bytes, where, undefined);
  return loadFromHdf5(model, openHdf5(weights, weightsName), weightsName);
}

async function openKeras(bytes: Uint8Array, where: string, maxBytes: number | undefined): Promise<Opened> {
  if (isHdf5(bytes)) {
    const root = openHdf5(bytes, where);
    const [config, version] = [root.attribute('model_config'), root.attribute('keras_version')];
    const isWhole = typeof config === 'string';
    return {
      weights: bytes,
      weightsName: where,
      config: isWhole ? parseBoundedJson(config, where, 'the model') : undefined,
      generation: generationOf(version, where),
    };
  }
  if (!(bytes[0] === 0x50 && bytes[1] === 0x4b))
    throw foreignFile(where, 'Keras file', bytes, 'a .keras archive, or an HDF5 file (.h5, .hdf5)');
  const archive = new ZipArchive(bytes, where, maxBytes);
  const json = async (name: string): Promise<unknown> =>
    parseBoundedJson(textOf(await archive.read(name), where, name), where, name);
  const metadata = await json('metadata.json');
  const version = isObject(metadata) ? metadata.keras_version : undefined;
  const config = await json('config.json');
  if (!archive.has('model.weights.h5'))
    throw damagedFile({
      where,
      what: 'the archive has no weights that are read.',
      expected: 'model.weights.h5',
      received: archive.names.slice(0, 10).join(', '),
      fix: 'save the model in one piece: model.save("model.keras").',
    });
  const weights = await archive.read('model.weights.h5');
  return { weights, weightsName: `${where}: model.weights.h5`, config, generation: generationOf(version, where) };
}

function textOf(bytes: Uint8Array, where: string, name: string): string {
  const text = utf8Text(bytes);
  if (text === undefined) throw damagedFile({ where: `${where}: ${name}`, what: 'the text is not in UTF-8.' });
  return text;
}

/** Files without a version are of Keras 1, which reads and computes as Keras 2 does but for its weights. */
function generationOf(version: unknown, where: string): KerasGeneration {
  const first = typeof version === 'string' ? /^(\d{1,3})\./.exec(version)?.[1] : undefined;
  if (version === undefined || first === '2') return 2;
  if (first === '3') return 3;
  throw new RondoError('FILE_VERSION', {
    where,
    what: 'the file is of a version of Keras that is not read.',
    expected: 'Keras 2 or 3',
    received: JSON.stringify(version).slice(0, 40),
    fix: 'save the model anew with Keras 3.',
  });
}

/** The names of a model's layers as its file lists them. */
function orderOf(config: unknown): string[] {
  const inner = isObject(config) ? config.config : undefined;
  const layers: unknown = Array.isArray(inner) ? inner : isObject(inner) ? inner.layers : [];
  return (Array.isArray(layers) ? layers : []).map((layer: unknown) => {
    const { name, config: own } = isObject(layer) ? layer : {};
    const found = name ?? (isObject(own) ? own.name : '');
    return typeof found === 'string' ? found.replaceAll('/', '_') : '';
  });
}
