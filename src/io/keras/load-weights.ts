import { RondoError } from '../../errors.js';
import type { Model } from '../../training/model.js';
import type { Hdf5Object } from '../hdf5/hdf5-file.js';
import type { MatchedWeights } from '../model-format.js';
import { assignMatched, type Matched, matchedWeights, misfit } from './match-weights.js';
import { hasLayerNames, layersOfGroup, type StoredLayer, type StoredWeight, weightsByPath } from './stored-weights.js';
import { layersInOrder, slotsOf, type WeightSlot } from './weight-slots.js';

/** What was taken from a file, and what was not. */
export interface LoadedKerasWeights {
  readonly matched: readonly MatchedWeights[];
  /** Weights of the file that no layer has taken. */
  readonly leftOver: readonly string[];
  readonly notes: readonly string[];
}

/** A layer of a model that has weights. */
interface Weighted {
  readonly name: string;
  /** In snake case. */
  readonly className: string;
  readonly kind: string;
  readonly slots: readonly WeightSlot[];
}

/**
 * Puts the weights of an opened file into a model: by the structure of both, then by shapes and names. All or nothing.
 *
 * @param order names of the model's layers in the order of the file, where it is known.
 * @throws SHAPE_MISMATCH where a layer finds no weights that fit
 */
export async function loadFromHdf5(
  model: Model,
  root: Hdf5Object,
  where: string,
  order?: readonly string[],
): Promise<LoadedKerasWeights> {
  const nested = root.member('model_weights');
  const group = nested !== undefined && hasLayerNames(nested) ? nested : root;
  const layers = weightedLayers(model, order);
  return hasLayerNames(group)
    ? loadNamed(layers, layersOfGroup(group, where), where)
    : loadPaths(layers, weightsByPath(root, where), where);
}

function weightedLayers(model: Model, order: readonly string[] | undefined): Weighted[] {
  return layersInOrder(model, order)
    .map(({ name, layer, className }) => ({ name, className, kind: layer.className, slots: slotsOf(layer) }))
    .filter(({ slots }) => slots.length > 0);
}

/**
 * Layers by name where the file has every one of them, else the layers that have weights in their order.
 *
 * @throws SHAPE_MISMATCH
 */
export async function loadNamed(
  layers: readonly Weighted[],
  stored: readonly StoredLayer[],
  where: string,
): Promise<LoadedKerasWeights> {
  const filled = stored.filter(({ weights }) => weights.length > 0);
  const byName = new Map(
    [...filled].reverse().flatMap((each) => [each.name.replaceAll('/', '_'), each.name].map((name) => [name, each])),
  );
  const named = layers.map(({ name }) => byName.get(name));
  const isNamed = named.every((each) => each !== undefined);
  if (!isNamed && filled.length !== layers.length) {
    const missing = layers.filter((_, i) => named[i] === undefined).map(({ name }) => name);
    throw new RondoError('SHAPE_MISMATCH', {
      where,
      what: 'the file has other layers with weights than the model.',
      expected: `weights for ${missing.slice(0, 10).join(', ')}`,
      received:
        filled
          .map(({ name }) => name)
          .slice(0, 20)
          .join(', ') || 'none',
      fix: 'give the layers of the model the names that they have in the file, or make as many as it has.',
    });
  }
  const pairs = layers.map((layer, i) => ({ layer, weights: (isNamed ? named[i]! : filled[i]).weights }));
  const notes = isNamed ? [] : ['layers were matched by their order: the file calls them by other names'];
  return loaded(
    pairs,
    stored.flatMap(({ weights }) => weights),
    where,
    notes,
  );
}

/** Layers by their class and their number among those of it, as Keras 3 keeps them. */
async function loadPaths(
  layers: readonly Weighted[],
  stored: ReadonlyMap<string, StoredWeight>,
  where: string,
): Promise<LoadedKerasWeights> {
  const container = [...stored.keys()].some((path) => path.startsWith('layers/'))
    ? 'layers'
    : '_layer_checkpoint_dependencies';
  const groups = new Map<string, StoredWeight[]>();
  for (const [path, weight] of stored) {
    const [first, name] = path.split('/');
    if (first !== container || name === undefined) continue;
    const place = `${first}/${name}`;
    if (!groups.get(place)?.push(weight)) groups.set(place, [weight]);
  }
  const placesOf = new Map(
    [...new Set(layers.map(({ className }) => className))].map((className) => [
      className,
      numberedPlaces(groups, `${container}/${className}`).values(),
    ]),
  );
  const pairs = layers.map((layer) => {
    const place = placesOf.get(layer.className)!.next().value;
    const weights = place === undefined ? [] : weightsBelow(layer, place, groups.get(place)!, stored);
    return { layer, weights };
  });
  return loaded(pairs, [...stored.values()], where, []);
}

/** Places of a class that hold weights, by their number: `dense`, `dense_1`, ... */
function numberedPlaces(groups: ReadonlyMap<string, unknown>, base: string): string[] {
  const numberOf = (place: string): number | undefined => {
    if (place === base) return 0;
    const digits = place.startsWith(`${base}_`) ? place.slice(base.length + 1) : '';
    return /^\d{1,9}$/.test(digits) ? Number(digits) : undefined;
  };
  return [...groups.keys()]
    .filter((place) => numberOf(place) !== undefined)
    .sort((a, b) => numberOf(a)! - numberOf(b)!);
}

/** The weights of a layer where Keras keeps them, else all of its place in the order of their paths. */
function weightsBelow(
  { slots }: Weighted,
  place: string,
  all: readonly StoredWeight[],
  stored: ReadonlyMap<string, StoredWeight>,
): readonly StoredWeight[] {
  const found = slots.map(({ paths }) => paths.map((path) => stored.get(`${place}/${path}`)).find((each) => each));
  return found.every((each) => each !== undefined) ? found : all;
}

async function loaded(
  pairs: readonly { readonly layer: Weighted; readonly weights: readonly StoredWeight[] }[],
  all: readonly StoredWeight[],
  where: string,
  notes: readonly string[],
): Promise<LoadedKerasWeights> {
  const matched: Matched[] = [];
  const report: MatchedWeights[] = [];
  const cudnn: string[] = [];
  for (const { layer, weights } of pairs) {
    const found = matchedWeights(layer.slots, weights);
    if (found === undefined) throw misfit(where, layer.name, layer.slots, weights);
    for (const each of found) matched.push(each);
    if (found.some(({ isCudnn }) => isCudnn)) cudnn.push(layer.name);
    const tensors = found.flatMap((each) => each.weights.map(({ name }) => name));
    report.push({ source: layer.name, kind: layer.kind, layers: [layer.name], tensors });
  }
  await assignMatched(matched);
  const taken = new Set(matched.flatMap(({ weights }) => weights));
  const more =
    cudnn.length === 0 ? [] : [`weights of cuDNN's layers were put in order (${cudnn.slice(0, 10).join(', ')})`];
  return {
    matched: report,
    leftOver: all.filter((weight) => !taken.has(weight)).map(({ name }) => name),
    notes: [...notes, ...more],
  };
}
