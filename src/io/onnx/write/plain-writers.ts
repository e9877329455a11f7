import type { ActivationName } from '../../../expression/activations.js';
import type { Embedding } from '../../../layers/embedding.js';
import type { TiedDense } from '../../../layers/tied-dense.js';
import { writeActivation } from './activation-writer.js';
import {
  asFloat,
  asIndices,
  axesOf,
  floatEdge,
  type LayerCall,
  type LayerWriter,
  writeWeight,
} from './layer-writer.js';
import { bothMasks, cleared, widened } from './masks.js';

/** A layer that passes its input on outside of training. */
export const passing: LayerWriter = { write: ({ inputs }) => inputs[0] };

/** `activation(x kernel + bias)` */
export const dense: LayerWriter = {
  write: (call) => product(call, writeWeight(call, 'kernel'), call.config.activation as ActivationName),
};

/** A softmax over classes, whose kernel is `[units, features]`. */
export const sampledSoftmax: LayerWriter = {
  write: (call) =>
    product(
      call,
      call.graph.add('Transpose', [writeWeight(call, 'kernel')], { attributes: { perm: [1, 0] } }),
      'softmax',
    ),
};

/** The embedding's rows again as a kernel, transposed. */
export const tiedDense: LayerWriter = {
  write(call) {
    const { graph, layer, allWeights, config } = call;
    const rows = allWeights.below((layer as TiedDense).embedding).get('embeddings')!;
    const table = graph.stored('embeddings', rows);
    return product(
      call,
      graph.add('Transpose', [table], { attributes: { perm: [1, 0] } }),
      config.activation as ActivationName,
    );
  },
};

function product(call: LayerCall, kernel: string, activation: ActivationName): ReturnType<typeof floatEdge> {
  const { graph, inputs, weights } = call;
  const [input] = inputs;
  const products = graph.add('MatMul', [asFloat(call, input), kernel]);
  const sum = weights.has('bias') ? graph.add('Add', [products, writeWeight(call, 'bias')]) : products;
  return floatEdge(call, writeActivation(graph, activation, sum), input.mask);
}

export const embedding: LayerWriter = {
  readsIndices: true,
  write(call) {
    const { graph, inputs, layer } = call;
    const [input] = inputs;
    const indices = asIndices(call, input);
    const rows = graph.add('Gather', [writeWeight(call, 'embeddings'), indices]);
    if (!(layer as Embedding).maskZero) return floatEdge(call, rows, input.mask);
    const counts = graph.add('Not', [graph.add('Equal', [indices, graph.integer(0)])]);
    return floatEdge(call, rows, bothMasks(graph, { value: counts, rank: input.axes.length }, input.mask));
  },
};

/** One for each category; a mask goes on where each index keeps its place. */
export const categoryEncoding: LayerWriter = {
  readsIndices: true,
  fault: (layer) => (layer.getConfig().outputMode === 'oneHot' ? undefined : 'outputMode other than `oneHot`'),
  write(call) {
    const { graph, inputs, config } = call;
    const [input] = inputs;
    const depth = graph.integer(config.numTokens as number);
    // Indices that lie in [batch, ..., 1] are [batch, ...].
    const isWide = axesOf(call).length === input.axes.length;
    const all = asIndices(call, input);
    const indices = isWide ? graph.add('Squeeze', [all, graph.integers(-1)]) : all;
    return floatEdge(call, graph.add('OneHot', [indices, depth, graph.floats('offOn', [0, 1], [2])]), input.mask);
  },
};

export const activation: LayerWriter = {
  write(call) {
    const [input] = call.inputs;
    const value = writeActivation(call.graph, call.config.activation as ActivationName, asFloat(call, input));
    return floatEdge(call, value, input.mask);
  },
};

export const leakyReLU: LayerWriter = {
  write(call) {
    const [input] = call.inputs;
    const attributes = { alpha: { float: call.config.negativeSlope as number } };
    return floatEdge(call, call.graph.add('LeakyRelu', [asFloat(call, input)], { attributes }), input.mask);
  },
};

export const pReLU: LayerWriter = {
  write(call) {
    const [input] = call.inputs;
    return floatEdge(call, call.graph.add('PRelu', [asFloat(call, input), writeWeight(call, 'alpha')]), input.mask);
  },
};

/** What is masked along the axis gets the share 0. */
export const softmax: LayerWriter = {
  write(call) {
    const { graph, inputs, config } = call;
    const [input] = inputs;
    const rank = input.axes.length;
    const axis = config.axis as number;
    const at = axis < 0 ? rank + axis : axis;
    const { mask } = input;
    const hides = mask !== undefined && (at < rank - 1 || mask.rank === rank);
    const scores = asFloat(call, input);
    const shares = graph.add('Softmax', [hides ? cleared(graph, scores, rank, mask, -1e30) : scores], {
      attributes: { axis: at },
    });
    return floatEdge(call, hides ? cleared(graph, shares, rank, mask) : shares, mask);
  },
  fault: () => undefined,
};

/** A step counts where a feature is something other than the value; others become zeros. */
export const masking: LayerWriter = {
  write(call) {
    const { graph, inputs, config } = call;
    const [input] = inputs;
    const value = asFloat(call, input);
    const rank = input.axes.length;
    const differs = graph.add('Not', [
      graph.add('Equal', [value, graph.number(Math.fround(config.maskValue as number))]),
    ]);
    const counted = graph.add('ReduceMax', [graph.add('Cast', [differs], { attributes: { to: 1 } })], {
      attributes: { axes: [-1], keepdims: 0 },
    });
    const own = { value: graph.add('Cast', [counted], { attributes: { to: 9 } }), rank: rank - 1 };
    const mask = bothMasks(graph, own, input.mask);
    return floatEdge(call, cleared(graph, value, rank, mask), mask);
  },
};

/** The layer inside on steps as if they were a larger batch. */
export const timeDistributed: LayerWriter = {
  wraps: true,
  write(call) {
    const { graph, layer, inputs, inside } = call;
    const [input] = inputs;
    const { layer: inner } = layer as unknown as {
      layer: LayerCall['layer'] & { computeOutputShape: LayerCall['layer']['computeOutputShape'] };
    };
    const [batch, time, ...axes] = input.axes;
    const shape = graph.add('Shape', [input.value]);
    const part = (from: number, to?: number): string =>
      graph.add('Slice', [shape, graph.integers(from), graph.integers(to ?? Number.MAX_SAFE_INTEGER)]);
    const join = (...parts: string[]): string => graph.add('Concat', parts, { attributes: { axis: 0 } });
    const steps = graph.add('Reshape', [input.value, join(graph.integers(-1), part(2))]);
    const ofInside = input.mask !== undefined && input.mask.rank > 2 ? input.mask : undefined;
    const insideMask = ofInside && {
      value: graph.add('Reshape', [
        ofInside.value,
        join(
          graph.integers(-1),
          graph.add('Slice', [
            graph.add('Shape', [ofInside.value]),
            graph.integers(2),
            graph.integers(Number.MAX_SAFE_INTEGER),
          ]),
        ),
      ]),
      rank: ofInside.rank - 1,
    };
    const given = { value: steps, axes: [`${call.name}_steps`, ...axes], type: input.type, mask: insideMask } as const;
    const open = given.axes.map((axis) => (typeof axis === 'string' ? null : axis));
    const result = inside(inner, inner.name, [given], inner.computeOutputShape(open));
    const leading = part(0, 2);
    const back = (value: string, keeps: number): string => {
      const own = graph.add('Slice', [
        graph.add('Shape', [value]),
        graph.integers(1),
        graph.integers(Number.MAX_SAFE_INTEGER),
      ]);
      return graph.add('Reshape', [value, keeps > 0 ? join(leading, own) : leading]);
    };
    const own = result.mask && { value: back(result.mask.value, result.mask.rank - 1), rank: result.mask.rank + 1 };
    const outer =
      ofInside === undefined
        ? input.mask
        : {
            value: anyBehind(call, widened(graph, ofInside, ofInside.rank), ofInside.rank),
            rank: 2,
          };
    return {
      value: back(result.value, result.axes.length - 1),
      axes: [batch, time, ...result.axes.slice(1)],
      type: result.type,
      mask: bothMasks(graph, own, outer),
    };
  },
};

/** `[batch, time]` of a finer mask: where anything inside of the step counts. */
function anyBehind({ graph }: LayerCall, value: string, rank: number): string {
  const axes = Array.from({ length: rank - 2 }, (_, i) => i + 2);
  const numbers = graph.add('Cast', [value], { attributes: { to: 1 } });
  return graph.add('Cast', [graph.add('ReduceMax', [numbers], { attributes: { axes, keepdims: 0 } })], {
    attributes: { to: 9 },
  });
}
