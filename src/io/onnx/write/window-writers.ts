import type { ActivationName } from '../../../expression/activations.js';
import { writeActivation } from './activation-writer.js';
import type { HostWeight } from './host-weights.js';
import { asFloat, floatEdge, type LayerCall, type LayerWriter, type StepMask, writeWeight } from './layer-writer.js';
import { cleared, stepsOf } from './masks.js';
import type { WrittenAttribute } from './onnx-message.js';

/** How windows move along one axis. */
interface WindowSteps {
  readonly kernelSize: number;
  readonly strides: number;
  readonly dilationRate: number;
}

type Padding = 'valid' | 'same' | 'causal';

/** Convolution along time, or along height and width. */
export const convolution: LayerWriter = {
  changesTime: true,
  write(call) {
    const { graph, inputs, config, weights } = call;
    const [input] = inputs;
    const axes = windowSteps(call, 'kernelSize', config.strides);
    const padding = config.padding as Padding;
    const mask = timeMask(call, axes);
    const value = featuresFirst(call, cleared(graph, asFloat(call, input), input.axes.length, input.mask), axes.length);
    const kernel = weights.get('kernel')!;
    const products = graph.add('Conv', [value, graph.floats('kernel', ...filtersFirst(kernel))], {
      attributes: {
        ...windowAttributes(axes, padding),
        dilations: axes.map(({ dilationRate }) => dilationRate),
        group: config.groups as number,
      },
    });
    const back = featuresLast(call, products, axes.length);
    const sum = weights.has('bias') ? graph.add('Add', [back, writeWeight(call, 'bias')]) : back;
    const after = mask === undefined ? undefined : windowMask(call, mask, axes[0], padding);
    return floatEdge(call, writeActivation(graph, config.activation as ActivationName, sum), after);
  },
};

export const maxPooling: LayerWriter = {
  changesTime: true,
  write: (call) => pooled(call, 'MaxPool', -3.4028234663852886e38),
};

export const averagePooling: LayerWriter = {
  changesTime: true,
  write: (call) => pooled(call, 'AveragePool', 0),
};

/** Places that are masked, or beyond the ends, take no part; a window of nothing else gives zeros. */
function pooled(call: LayerCall, operator: 'MaxPool' | 'AveragePool', hidden: number): ReturnType<typeof floatEdge> {
  const { graph, inputs, config } = call;
  const [input] = inputs;
  const axes = windowSteps(call, 'poolSize', config.strides);
  const mask = timeMask(call, axes);
  const attributes = {
    ...windowAttributes(axes, config.padding as Padding),
    kernel_shape: axes.map(({ kernelSize }) => kernelSize),
  };
  const pool = (value: string): string => graph.add(operator, [value], { attributes });
  const rank = input.axes.length;
  const value = featuresFirst(call, cleared(graph, asFloat(call, input), rank, input.mask, hidden), axes.length);
  if (mask === undefined) return floatEdge(call, featuresLast(call, pool(value), axes.length));
  const counts = graph.add('Unsqueeze', [graph.add('Cast', [mask], { attributes: { to: 1 } }), graph.integers(1)]);
  const share = pool(counts);
  const isSeen = graph.add('Greater', [share, graph.number(0)]);
  // The mean over a window's places, over the share of them that counts, is the mean over those.
  const means = operator === 'MaxPool' ? pool(value) : graph.add('Div', [pool(value), share]);
  const seen = graph.add('Where', [isSeen, means, graph.number(0)]);
  const after = graph.add('Squeeze', [isSeen, graph.integers(1)]);
  return floatEdge(call, featuresLast(call, seen, 1), { value: after, rank: 2 });
}

/**
 * Which windows count: with `valid` those whose steps all do; else a window stands for one step, its middle or its last.
 */
function windowMask(call: LayerCall, mask: string, steps: WindowSteps, padding: Padding): StepMask {
  const { graph } = call;
  const { kernelSize, strides, dilationRate } = steps;
  if (padding !== 'valid' && strides === 1) return { value: mask, rank: 2 };
  const reach = dilationRate * (kernelSize - 1);
  const place = padding === 'causal' ? kernelSize - 1 : Math.floor(reach / 2) / dilationRate;
  const chosen = Float32Array.from({ length: kernelSize }, (_, k) => (padding === 'valid' || k === place ? 1 : 0));
  const counts = graph.add('Unsqueeze', [graph.add('Cast', [mask], { attributes: { to: 1 } }), graph.integers(1)]);
  const sums = graph.add('Conv', [counts, graph.floats('deciding', chosen, [1, 1, kernelSize])], {
    attributes: { ...windowAttributes([steps], padding), dilations: [dilationRate] },
  });
  const most = graph.number(padding === 'valid' ? kernelSize - 0.5 : 0.5);
  return { value: graph.add('Squeeze', [graph.add('Greater', [sums, most]), graph.integers(1)]), rank: 2 };
}

/** A mask along the one axis of windows. @throws USAGE for windows of height and width */
function timeMask(call: LayerCall, axes: readonly WindowSteps[]): string | undefined {
  const { mask } = call.inputs[0];
  return stepsOf(call, mask && axes.length > 1 ? { ...mask, rank: axes.length + 1 } : mask);
}

function windowSteps({ config, inputs }: LayerCall, size: 'kernelSize' | 'poolSize', strides: unknown): WindowSteps[] {
  const numAxes = inputs[0].axes.length - 2;
  const each = (given: unknown): number[] =>
    typeof given === 'number' ? Array.from({ length: numAxes }, () => given) : [...(given as number[])];
  const [sizes, moves, rates] = [config[size], strides, config.dilationRate ?? 1].map(each);
  return sizes.map((kernelSize, i) => ({ kernelSize, strides: moves[i], dilationRate: rates[i] }));
}

/** Padding follows from the window alone where every place has one; with strides it follows from the length too. */
function windowAttributes(axes: readonly WindowSteps[], padding: Padding): Record<string, WrittenAttribute> {
  const strides = axes.map((axis) => axis.strides);
  if (padding === 'same' && strides.some((stride) => stride > 1)) return { strides, auto_pad: 'SAME_UPPER' };
  const reaches = axes.map(({ kernelSize, dilationRate }) => dilationRate * (kernelSize - 1));
  const before = reaches.map((reach) =>
    padding === 'same' ? Math.floor(reach / 2) : padding === 'causal' ? reach : 0,
  );
  const behind = reaches.map((reach, i) => (padding === 'same' ? reach - before[i] : 0));
  return { strides, pads: [...before, ...behind] };
}

/** `[k..., features / groups, filters]` as `[filters, features / groups, k...]`. */
function filtersFirst({ shape, values }: HostWeight): [Float32Array, number[]] {
  const places = shape.slice(0, -2).reduce((size, axis) => size * axis, 1);
  const [features, filters] = shape.slice(-2);
  const all = new Float32Array(values.length);
  for (let place = 0; place < places; place++)
    for (let feature = 0; feature < features; feature++)
      for (let filter = 0; filter < filters; filter++)
        all[(filter * features + feature) * places + place] = values[(place * features + feature) * filters + filter];
  return [all, [filters, features, ...shape.slice(0, -2)]];
}

function featuresFirst({ graph }: LayerCall, value: string, numAxes: number): string {
  const places = Array.from({ length: numAxes }, (_, i) => i + 1);
  return graph.add('Transpose', [value], { attributes: { perm: [0, numAxes + 1, ...places] } });
}

function featuresLast({ graph }: LayerCall, value: string, numAxes: number): string {
  const places = Array.from({ length: numAxes }, (_, i) => i + 2);
  return graph.add('Transpose', [value], { attributes: { perm: [0, ...places, 1] } });
}
