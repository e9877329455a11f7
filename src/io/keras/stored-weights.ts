import { RondoError } from '../../errors.js';
import { sizeOf } from '../../shape.js';
import { damagedFile } from '../file-fault.js';
import type { Hdf5Object } from '../hdf5/hdf5-file.js';
import type { DecodedTensor } from '../safetensors-types.js';

/** A weight of a file, whose numbers are read when they are asked for. */
export interface StoredWeight {
  /** Its path in the file, or its name. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: () => DecodedTensor | Promise<DecodedTensor>;
}

/** The weights of one layer, as files before Keras 3 hold them: by name, in Keras's order. */
export interface StoredLayer {
  readonly name: string;
  readonly weights: readonly StoredWeight[];
}

/** Deeper than models inside each other are kept. */
const deepestGroups = 64;
const mostChunks = 10_000;

/** Layers and weights of a file before Keras 3: groups with `layer_names` and `weight_names`. */
export function layersOfGroup(group: Hdf5Object, where: string): StoredLayer[] {
  const names = textsOf(group, 'layer_names', where) ?? [];
  const all = [...names, ...(group.names.includes('top_level_model_weights') ? ['top_level_model_weights'] : [])];
  return [...new Set(all)].map((name) => {
    const layer = group.member(name);
    if (layer === undefined) throw damagedFile({ where, what: `the file has no layer \`${name}\` that it lists.` });
    return { name, weights: weightsOf(layer, textsOf(layer, 'weight_names', where) ?? [], where) };
  });
}

function weightsOf(layer: Hdf5Object, names: readonly string[], where: string): StoredWeight[] {
  return names.map((name) => {
    const dataset = layer.member(name);
    if (dataset === undefined || !dataset.isDataset)
      throw damagedFile({ where, what: `the file has no weight \`${name}\` that it lists.` });
    return { name, shape: dataset.shape, values: () => dataset.values() };
  });
}

/** A list of texts; long ones are split into `NAME0`, `NAME1`, ... */
function textsOf(object: Hdf5Object, name: string, where: string): string[] | undefined {
  const whole = object.attribute(name);
  if (whole !== undefined) return texts(whole, name, where);
  const parts: string[][] = [];
  for (let i = 0; i < mostChunks; i++) {
    const part = object.attribute(`${name}${i}`);
    if (part === undefined) break;
    parts.push(texts(part, name, where));
  }
  return parts.length === 0 ? undefined : parts.flat();
}

function texts(value: unknown, name: string, where: string): string[] {
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value;
  // A list of nothing has the type of numbers.
  if (Array.isArray(value) && value.length === 0) return [];
  throw damagedFile({ where, what: `\`${name}\` is no list of names.`, received: JSON.stringify(value) });
}

/** The weights of a file of Keras 3 by their paths; the state of an optimizer and of generators apart. */
export function weightsByPath(root: Hdf5Object, where: string): Map<string, StoredWeight> {
  return new Map(
    [...datasetsByPath(root, where)].map(([name, dataset]) => [
      name,
      { name, shape: dataset.shape, values: () => dataset.values() },
    ]),
  );
}

/**
 * How many numbers the weights of a file may be, before any are read.
 *
 * @param maxBytes what chunks may unpack to.
 * @throws FILE_FORMAT where weights that are not packed share bytes; OUT_OF_MEMORY beyond `maxBytes`
 */
export function numbersIn(root: Hdf5Object, where: string, sizeBytes: number, maxBytes: number): number {
  const datasets = new Map([...datasetsByPath(root, where).values()].map((dataset) => [dataset.address, dataset]));
  let [numbers, plain, packed] = [0, 0, 0];
  for (const { shape, extent } of datasets.values()) {
    numbers += sizeOf(shape);
    if (extent.isPacked) packed += extent.sizeBytes;
    else plain += extent.sizeBytes;
  }
  if (plain > sizeBytes)
    throw damagedFile({ where, what: 'weights lie over each other.', received: `${plain} bytes of ${sizeBytes}` });
  if (packed > maxBytes)
    throw new RondoError('OUT_OF_MEMORY', {
      where,
      what: 'the weights unpack to more than is read.',
      expected: `at most ${maxBytes} bytes`,
      received: `${packed} bytes, packed in ${sizeBytes}`,
      fix: 'raise `maxBytes` if you trust the file.',
      option: 'maxBytes',
    });
  return numbers;
}

function datasetsByPath(root: Hdf5Object, where: string): Map<string, Hdf5Object> {
  const found = new Map<string, Hdf5Object>();
  const seen = new Set<number>();
  const walk = (object: Hdf5Object, path: string, depth: number): void => {
    if (depth > deepestGroups || seen.has(object.address)) return;
    seen.add(object.address);
    for (const name of object.names) {
      if (depth === 0 && (name === 'optimizer' || name === 'optimizer_weights')) continue;
      if (name === 'seed_generator' || name.startsWith('seed_generator_')) continue;
      const member = object.member(name);
      if (member === undefined)
        throw damagedFile({ where, what: `a member has an impossible name, \`${name.slice(0, 100)}\`.` });
      const inside = path === '' ? name : `${path}/${name}`;
      if (member.isDataset) found.set(inside, member);
      else walk(member, inside, depth + 1);
    }
  };
  walk(root, '', 0);
  return found;
}

/** Whether a file names its layers, as those before Keras 3 do. */
export function hasLayerNames(group: Hdf5Object): boolean {
  return group.attribute('layer_names') !== undefined || group.attribute('layer_names0') !== undefined;
}
