import { sizeOf } from '../../../shape.js';
import {
  asFloat,
  axesOf,
  type Edge,
  floatEdge,
  type LayerCall,
  type LayerWriter,
  type StepMask,
} from './layer-writer.js';
import { cleared, stepsOf, widened } from './masks.js';

/** Far beyond the end of any axis. */
const end = Number.MAX_SAFE_INTEGER;

export const flatten: LayerWriter = {
  write(call) {
    const { graph, inputs } = call;
    const [input] = inputs;
    const clear = cleared(graph, asFloat(call, input), input.axes.length, input.mask);
    return floatEdge(call, graph.add('Flatten', [clear], { attributes: { axis: 1 } }));
  },
};

export const reshape: LayerWriter = {
  changesTime: true,
  write(call) {
    const { graph, inputs, config } = call;
    const [input] = inputs;
    const clear = cleared(graph, asFloat(call, input), input.axes.length, input.mask);
    const target = config.targetShape as readonly number[];
    const value = graph.add('Reshape', [clear, graph.integers(0, ...target)]);
    return floatEdge(call, value, reshapedMask(call, input, axesOf(call)));
  },
  fault: (layer) =>
    (layer.getConfig().targetShape as readonly number[]).includes(0) ? 'an axis of size 0' : undefined,
};

/** The mask where new steps are the masked ones, parts of them, or several of them. */
function reshapedMask({ graph }: LayerCall, { mask, axes }: Edge, after: Edge['axes']): StepMask | undefined {
  if (mask === undefined) return undefined;
  const before: readonly (number | string)[] = axes.slice(1, mask.rank);
  const target: readonly (number | string)[] = after.slice(1, -1);
  const isKnown = (sizes: readonly (number | string)[]): sizes is readonly number[] =>
    sizes.every((size) => typeof size === 'number');
  if (!isKnown(before) || !isKnown(target)) {
    // An open length that stays the first axis keeps its steps.
    return mask.rank === 2 && target.length > 0 && target[0] === before[0] ? mask : undefined;
  }
  const steps = sizeOf(before);
  const fits = target.findIndex((_, i) => sizeOf(target.slice(0, i + 1)) === steps);
  if (fits >= 0)
    return {
      value: graph.add('Reshape', [mask.value, graph.integers(0, ...target.slice(0, fits + 1))]),
      rank: fits + 2,
    };
  const [first] = target;
  if (first === undefined || (first % steps !== 0 && steps % first !== 0)) return undefined;
  const flat = graph.add('Reshape', [
    graph.add('Cast', [mask.value], { attributes: { to: 1 } }),
    graph.integers(0, steps, 1),
  ]);
  const numbers =
    first > steps
      ? graph.add('Reshape', [graph.add('Tile', [flat, graph.integers(1, 1, first / steps)]), graph.integers(0, first)])
      : graph.add('ReduceMax', [graph.add('Reshape', [flat, graph.integers(0, first, steps / first)])], {
          attributes: { axes: [2], keepdims: 0 },
        });
  return { value: graph.add('Cast', [numbers], { attributes: { to: 9 } }), rank: 2 };
}

export const permute: LayerWriter = {
  changesTime: true,
  write(call) {
    const { graph, inputs, config } = call;
    const [input] = inputs;
    const dims = config.dims as readonly number[];
    const clear = cleared(graph, asFloat(call, input), input.axes.length, input.mask);
    const value = graph.add('Transpose', [clear], { attributes: { perm: [0, ...dims] } });
    const axes = [0, ...dims].map((axis) => input.axes[axis]);
    return { value, axes, type: 'float', mask: dims[0] === 1 ? input.mask : undefined };
  },
};

export const repeatVector: LayerWriter = {
  write(call) {
    const { graph, inputs, config } = call;
    const step = graph.add('Unsqueeze', [asFloat(call, inputs[0]), graph.integers(1)]);
    return floatEdge(call, graph.add('Tile', [step, graph.integers(1, config.n as number, 1)]));
  },
};

export const cropping1D: LayerWriter = {
  changesTime: true,
  write(call) {
    const [beginning, last] = call.config.cropping as readonly [number, number];
    const { graph } = call;
    return resampled(call, (value) =>
      graph.add('Slice', [
        value,
        graph.integers(beginning),
        graph.integers(last === 0 ? end : -last),
        graph.integers(1),
      ]),
    );
  },
};

export const zeroPadding1D: LayerWriter = {
  changesTime: true,
  write(call) {
    const [beginning, last] = call.config.padding as readonly [number, number];
    const { graph } = call;
    return resampled(call, (value, rank) => {
      const pads = Array.from({ length: 2 * rank }, (_, i) => (i === 1 ? beginning : i === rank + 1 ? last : 0));
      return graph.add('Pad', [value, graph.integers(...pads)]);
    });
  },
};

export const upSampling1D: LayerWriter = {
  changesTime: true,
  write(call) {
    const { graph, config } = call;
    const size = config.size as number;
    return resampled(call, (value, rank) => {
      const apart = graph.add('Unsqueeze', [value, graph.integers(2)]);
      const times = Array.from({ length: rank + 1 }, (_, axis) => (axis === 2 ? size : 1));
      const repeated = graph.add('Tile', [apart, graph.integers(...times)]);
      return graph.add('Reshape', [
        repeated,
        graph.integers(0, -1, ...(rank === 3 ? [axesOf(call)[2] as number] : [])),
      ]);
    });
  },
};

/** Steps that are copies of others, or zeros, with their mask. */
function resampled(call: LayerCall, change: (value: string, rank: number) => string): Edge {
  const { graph, inputs } = call;
  const [input] = inputs;
  const mask = stepsOf(call, input.mask);
  const value = change(cleared(graph, asFloat(call, input), 3, input.mask), 3);
  if (mask === undefined) return floatEdge(call, value);
  const numbers = change(graph.add('Cast', [mask], { attributes: { to: 1 } }), 2);
  return floatEdge(call, value, { value: graph.add('Cast', [numbers], { attributes: { to: 9 } }), rank: 2 });
}

export const concatenate: LayerWriter = {
  changesTime: true,
  write(call) {
    const { graph, inputs, config } = call;
    const rank = inputs[0].axes.length;
    const axis = config.axis as number;
    const at = axis < 0 ? rank + axis : axis;
    const values = inputs.map((input) => cleared(graph, asFloat(call, input), rank, input.mask));
    const value = graph.add('Concat', values, { attributes: { axis: at } });
    return floatEdge(call, value, joinedMask(call, at, rank));
  },
};

/** Along features a step counts where it does in any input; along other axes masks are joined as steps are. */
function joinedMask(call: LayerCall, at: number, rank: number): StepMask | undefined {
  const { graph, inputs } = call;
  if (inputs.every(({ mask }) => mask === undefined)) return undefined;
  const masks = inputs.map((input) => {
    if (input.mask !== undefined)
      return graph.add('Expand', [widened(graph, input.mask, rank - 1), shapeOfSteps(call, input)]);
    return graph.add('Cast', [graph.add('ConstantOfShape', [shapeOfSteps(call, input)], ones)], {
      attributes: { to: 9 },
    });
  });
  const value =
    at === rank - 1
      ? masks.reduce((any, mask) => graph.add('Or', [any, mask]))
      : graph.add('Concat', masks, { attributes: { axis: at } });
  return { value, rank: rank - 1 };
}

const ones = {
  attributes: { value: { tensor: { type: 'float', shape: [1], bytes: new Uint8Array(Float32Array.of(1).buffer) } } },
} as const;

function shapeOfSteps({ graph }: LayerCall, { value }: Edge): string {
  return graph.add('Slice', [graph.add('Shape', [value]), graph.integers(0), graph.integers(-1)]);
}
