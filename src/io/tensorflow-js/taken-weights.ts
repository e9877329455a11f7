import { Bidirectional } from '../../layers/bidirectional.js';
import type { Layer } from '../../layers/layer.js';
import { Model } from '../../training/model.js';
import { damagedFile } from '../file-fault.js';
import type { MatchedWeights } from '../model-format.js';
import type { ReadWeight } from './read-shards.js';
import { type NamedWeight, weightsOf } from './written-weights.js';

/**
 * Puts weights into the layers of a model by their names. Those of TensorFlow.js are the layer's and the weight's; Keras puts the name of
 * the cell between them (`lstm/lstm_cell/kernel`), and some versions that of the model in front of them.
 *
 * @throws FILE_FORMAT for a weight of a layer that the file has not, or has with another shape
 */
export function takeWeights(
  model: Model,
  weights: ReadonlyMap<string, ReadWeight>,
  where: string,
): { matched: MatchedWeights[]; leftOver: string[] } {
  const layers = layersOf(model);
  const wanted = new Set<string>();
  for (const { name } of layers.flatMap(({ weights: own }) => own)) {
    if (wanted.has(name))
      throw damagedFile({
        where,
        what: 'two layers have one name, so that their weights are not told apart.',
        received: name,
      });
    wanted.add(name);
  }
  const byName = new Map<string, string>();
  for (const name of weights.keys()) {
    const meant = possibleNames(name).find((possible) => wanted.has(possible));
    if (meant === undefined) continue;
    const before = byName.get(meant);
    if (before !== undefined)
      throw damagedFile({
        where,
        what: 'two weights belong to one place.',
        expected: `one for ${meant}`,
        received: `${before}, ${name}`,
      });
    byName.set(meant, name);
  }
  const matched: MatchedWeights[] = [];
  for (const { layer, kind, weights: own } of layers) {
    const names = own.map(({ name, variable }) => {
      const stored = byName.get(name);
      if (stored === undefined)
        throw damagedFile({
          where,
          what: `the layer \`${layer}\` lacks a weight.`,
          expected: name,
          received: [...weights.keys()].slice(0, 12).join(', ') || 'no weights',
          fix: 'use an intact copy of model.json and its files.',
        });
      const { shape, data } = weights.get(stored)!;
      if (shape.length !== variable.shape.length || shape.some((axis, i) => axis !== variable.shape[i]))
        throw damagedFile({
          where,
          what: `the weight \`${stored}\` has another shape than its layer.`,
          expected: `[${variable.shape.join(', ')}]`,
          received: `[${shape.join(', ')}]`,
        });
      variable.assign(data);
      return stored;
    });
    if (names.length > 0) matched.push({ source: layer, kind, layers: [layer], tensors: names });
  }
  const taken = new Set(byName.values());
  return { matched, leftOver: [...weights.keys()].filter((name) => !taken.has(name)) };
}

/** A LayerNormalization normalises the last axis here. @throws FILE_FORMAT where the file means another one */
export function requireAxes(model: Model, axes: ReadonlyMap<string, number>, where: string): void {
  if (axes.size === 0) return;
  for (const [name, layer] of innerLayers(model)) {
    const axis = axes.get(name);
    const rank = layer.buildShape?.length;
    if (axis === undefined || rank === undefined || axis === rank - 1) continue;
    throw damagedFile({
      where,
      what: `the layer \`${name}\` (LayerNormalization) normalises another axis than the last one.`,
      expected: `axis ${rank - 1}`,
      received: `axis ${axis}`,
      fix: 'put Permute layers around it, so that it normalises the last axis.',
    });
  }
}

interface LayerWithNames {
  readonly layer: string;
  readonly kind: string;
  readonly weights: readonly NamedWeight[];
}

function layersOf(model: Model): LayerWithNames[] {
  return innerLayers(model).map(([name, layer]) => {
    const inner = layer instanceof Bidirectional ? layer.forwardLayer.name : name;
    return { layer: name, kind: layer.className, weights: weightsOf(layer, name, inner, () => undefined) };
  });
}

/** The layers of a model, and those of models inside of it in their place: TensorFlow.js names weights by the innermost. */
function innerLayers(model: Model): [name: string, layer: Layer<unknown>][] {
  return [...model.sublayers].flatMap(([name, layer]) =>
    layer instanceof Model ? innerLayers(layer) : [[name, layer] as [string, Layer<unknown>]],
  );
}

/** What a name may mean, the likeliest first. */
function possibleNames(stored: string): string[] {
  const parts = stored.replace(/:0$/, '').split('/');
  const withoutCell = [...parts.slice(0, -2), parts.at(-1)!];
  return [parts, withoutCell, parts.slice(1), withoutCell.slice(1)].map((name) => name.join('/'));
}
