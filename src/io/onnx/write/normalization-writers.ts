import type { GroupNormalization } from '../../../layers/group-normalization.js';
import { asFloat, axesOf, floatEdge, type LayerCall, type LayerWriter, writeWeight } from './layer-writer.js';
import { cleared } from './masks.js';

/** The moving statistics and both scales as one factor and one sum for each feature. */
export const batchNormalization: LayerWriter = {
  write(call) {
    const { graph, inputs, weights, config } = call;
    const [input] = inputs;
    const rank = input.axes.length;
    const at = placeOf(config.axis as number, rank);
    const [mean, variance] = ['movingMean', 'movingVariance'].map((name) => weights.get(name)!.values);
    const [gamma, beta] = ['gamma', 'beta'].map((name) => weights.get(name)?.values);
    const factor = Float32Array.from(
      variance,
      (one, i) => (gamma?.[i] ?? 1) / Math.sqrt(one + (config.epsilon as number)),
    );
    const sum = Float32Array.from(mean, (one, i) => (beta?.[i] ?? 0) - one * factor[i]);
    const shape = [mean.length, ...Array.from({ length: rank - 1 - at }, () => 1)];
    const scaled = graph.add('Mul', [
      cleared(graph, asFloat(call, input), rank, input.mask),
      graph.floats('factor', factor, shape),
    ]);
    return floatEdge(call, graph.add('Add', [scaled, graph.floats('sum', sum, shape)]), input.mask);
  },
};

export const layerNormalization: LayerWriter = {
  write(call) {
    const { graph, inputs, weights, config } = call;
    const [input] = inputs;
    const width = input.axes[input.axes.length - 1] as number;
    const scale = weights.has('gamma')
      ? writeWeight(call, 'gamma')
      : graph.floats('gamma', new Float32Array(width).fill(1), [width]);
    const value = graph.add(
      'LayerNormalization',
      [asFloat(call, input), scale, ...(weights.has('beta') ? [writeWeight(call, 'beta')] : [])],
      { attributes: { axis: -1, epsilon: { float: config.epsilon as number } } },
    );
    return floatEdge(call, value, input.mask);
  },
};

/** Each group of features of a sample over all its steps that count. */
export const groupNormalization: LayerWriter = {
  write(call) {
    const { graph, inputs, layer, weights, config } = call;
    const [input] = inputs;
    const rank = input.axes.length;
    const at = placeOf(config.axis as number, rank);
    const width = axesOf(call)[at] as number;
    const groups = (layer as GroupNormalization).groups === -1 ? width : (layer as GroupNormalization).groups;
    const order = [...Array.from({ length: rank }, (_, i) => i).filter((axis) => axis !== at), at];
    const last = at === rank - 1;
    const clear = cleared(graph, asFloat(call, input), rank, input.mask);
    const moved = last ? clear : graph.add('Transpose', [clear], { attributes: { perm: order } });
    const parted = graph.add('Reshape', [moved, graph.integers(0, -1, groups, width / groups)]);
    const counts = input.mask === undefined ? undefined : countsOf(call, input.mask.value, input.mask.rank);
    const mean = meanOf(call, parted, counts);
    const centred = graph.add('Sub', [parted, counts === undefined ? mean : graph.add('Mul', [mean, counts])]);
    const variance = meanOf(call, graph.add('Mul', [centred, centred]), counts);
    const deviation = graph.add('Sqrt', [graph.add('Add', [variance, graph.number(config.epsilon as number)])]);
    let value = graph.add('Reshape', [graph.add('Div', [centred, deviation]), graph.add('Shape', [moved])]);
    if (weights.has('gamma')) value = graph.add('Mul', [value, writeWeight(call, 'gamma')]);
    if (weights.has('beta')) value = graph.add('Add', [value, writeWeight(call, 'beta')]);
    const back = order.map((_, axis) => order.indexOf(axis));
    return floatEdge(call, last ? value : graph.add('Transpose', [value], { attributes: { perm: back } }), input.mask);
  },
  fault: () => undefined,
};

/** `[batch, steps, 1, 1]`, 1 where a step counts. */
function countsOf({ graph, inputs }: LayerCall, mask: string, rank: number): string {
  const { axes } = inputs[0];
  // Axes behind those of the mask, but for the features, are steps that count together.
  const inner = axes.slice(rank, -1).reduce<number>((size, axis) => size * (axis as number), 1);
  const numbers = graph.add('Cast', [mask], { attributes: { to: 1 } });
  const steps = graph.add('Reshape', [numbers, graph.integers(0, -1, 1)]);
  const wide = inner === 1 ? steps : graph.add('Tile', [steps, graph.integers(1, 1, inner)]);
  return graph.add('Reshape', [wide, graph.integers(0, -1, 1, 1)]);
}

/** Over steps and the features of a group, of `[batch, steps, groups, features]`; zeros where nothing counts. */
function meanOf({ graph }: LayerCall, value: string, counts: string | undefined): string {
  const mean = graph.add('ReduceMean', [value], { attributes: { axes: [1, 3], keepdims: 1 } });
  if (counts === undefined) return mean;
  // The mean over all steps, of which what does not count is zeros, times all steps over those that count.
  const share = graph.add('ReduceMean', [counts], { attributes: { axes: [1, 3], keepdims: 1 } });
  const safe = graph.add('Where', [graph.add('Greater', [share, graph.number(0)]), share, graph.number(1)]);
  return graph.add('Div', [mean, safe]);
}

function placeOf(axis: number, rank: number): number {
  return axis < 0 ? rank + axis : axis;
}
