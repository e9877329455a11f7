import { sizeOf } from '../../../shape.js';
import {
  asFloat,
  axesOf,
  type Edge,
  floatEdge,
  type LayerCall,
  type LayerWriter,
  type Written,
  writeWeight,
} from './layer-writer.js';
import { bothMasks, cleared, stepsOf } from './masks.js';

/** What an attention reads; masked steps are zeros. */
interface Attending {
  readonly query: string;
  readonly value: string;
  readonly key: string;
  /** `[batch or 1, 1, queries or 1, keys]`, false where a key is hidden from a query. */
  readonly seen: string | undefined;
}

/** Attends without the axis of heads, `[batch, queries, keys]`. @param scoresOf of all pairs, `[batch, queries, keys]` */
function ofOneHead(scoresOf: (call: LayerCall, given: Attending) => string): LayerWriter {
  return {
    write(call): Written {
      const { graph } = call;
      const given = attending(call, undefined);
      const seen = given.seen === undefined ? undefined : graph.add('Squeeze', [given.seen, graph.integers(1)]);
      const shares = sharesOf(call, scoresOf(call, given), seen);
      const output = graph.add('MatMul', [shares, given.value]);
      return attended(call, cleared(graph, output, 3, call.inputs[0].mask), shares);
    },
  };
}

/** Products of queries and keys, or sums of hyperbolic tangents, times weights where there are some. */
export const attention = ofOneHead((call, { query, key }) => {
  const { graph, config, weights } = call;
  if (config.scoreMode === 'concat') {
    const sums = pairs(call, query, key);
    const scaled = weights.has('scale') ? graph.add('Mul', [sums, writeWeight(call, 'scale')]) : sums;
    return graph.add('Mul', [overFeatures(call, graph.add('Tanh', [scaled])), writeWeight(call, 'concatScoreWeight')]);
  }
  const asking = weights.has('scale') ? graph.add('Mul', [query, writeWeight(call, 'scale')]) : query;
  return graph.add('MatMul', [asking, graph.add('Transpose', [key], { attributes: { perm: [0, 2, 1] } })]);
});

export const additiveAttention = ofOneHead((call, { query, key }) => {
  const { graph, weights } = call;
  const compared = graph.add('Tanh', [pairs(call, query, key)]);
  return overFeatures(call, weights.has('scale') ? graph.add('Mul', [compared, writeWeight(call, 'scale')]) : compared);
});

/** `softmax(query key / sqrt(keyDim)) value` of every head, and a projection of all heads together. */
export const multiHeadAttention: LayerWriter = {
  write(call): Written {
    const { graph, config, weights, inputs } = call;
    const heads = config.numHeads as number;
    const keyDim = config.keyDim as number;
    const valueDim = (config.valueDim as number | undefined) ?? keyDim;
    const reach = config.slidingWindow === undefined ? undefined : (config.slidingWindow as number) - 1;
    const given = attending(call, reach);
    const byHead = (name: string, x: string, depth: number, order: readonly number[]): string => {
      const apart = graph.add('Reshape', [projected(call, name, x), graph.integers(0, 0, heads, depth)]);
      return graph.add('Transpose', [apart], { attributes: { perm: order } });
    };
    const query = byHead('query', given.query, keyDim, [0, 2, 1, 3]);
    const key = byHead('key', given.key, keyDim, [0, 2, 3, 1]);
    const value = byHead('value', given.value, valueDim, [0, 2, 1, 3]);
    const scores = graph.add('Mul', [graph.add('MatMul', [query, key]), graph.number(1 / Math.sqrt(keyDim))]);
    const shares = sharesOf(call, scores, given.seen);
    const together = graph.add('Transpose', [graph.add('MatMul', [shares, value])], {
      attributes: { perm: [0, 2, 1, 3] },
    });
    const joined = graph.add('Reshape', [together, graph.integers(0, 0, heads * valueDim)]);
    const clear = cleared(graph, joined, 3, inputs[0].mask);
    const gated = weights.has('gate/kernel')
      ? graph.add('Mul', [clear, graph.add('Sigmoid', [projected(call, 'gate', given.query)])])
      : clear;
    const output = projected(call, 'attentionOutput', gated);
    const axes = (call.outputs.get('') ?? call.outputs.get('output')!).slice(2) as number[];
    const shaped = axes.length === 1 ? output : graph.add('Reshape', [output, graph.integers(0, 0, ...axes)]);
    return attended(call, shaped, shares);
  },
};

/** `x kernel + bias`, `[batch, time, width]`. */
function projected(call: LayerCall, name: string, x: string): string {
  const { graph, weights } = call;
  const { shape, values } = weights.get(`${name}/kernel`)!;
  const rows = name === 'attentionOutput' ? shape[0] * shape[1] : shape[0];
  const width = sizeOf(shape) / rows;
  const product = graph.add('MatMul', [x, graph.floats(`${name}/kernel`, values, [rows, width])]);
  const bias = weights.get(`${name}/bias`);
  return bias === undefined ? product : graph.add('Add', [product, graph.floats(`${name}/bias`, bias.values, [width])]);
}

/** The inputs of the layer, of which one alone is all three. */
function attending(call: LayerCall, reach: number | undefined): Attending {
  const { graph, inputs, config } = call;
  const [query, value = query, key = value] = inputs;
  for (const input of inputs) stepsOf(call, input.mask);
  const counting = bothMasks(graph, value.mask, key.mask);
  const clear = (edge: Edge, mask: Edge['mask']): string => cleared(graph, asFloat(call, edge), 3, mask);
  const [queries, keys, values] = [clear(query, query.mask), clear(key, counting), clear(value, counting)];
  const seen = counting && graph.add('Unsqueeze', [counting.value, graph.integers(1, 2)]);
  const inReach = placesInReach(call, queries, keys, config.useCausalMask === true, reach);
  return {
    query: queries,
    value: values,
    key: keys,
    seen: seen === undefined || inReach === undefined ? (seen ?? inReach) : graph.add('And', [seen, inReach]),
  };
}

/** `[1, 1, queries, keys]`: which keys a query sees by their places; undefined for all. */
function placesInReach(
  { graph }: LayerCall,
  query: string,
  key: string,
  isCausal: boolean,
  reach: number | undefined,
): string | undefined {
  if (!isCausal && reach === undefined) return undefined;
  const places = (value: string, axis: number): string => {
    const length = graph.add('Gather', [graph.add('Shape', [value]), graph.integer(1)]);
    const range = graph.add('Range', [graph.integer(0), length, graph.integer(1)]);
    return graph.add('Unsqueeze', [range, graph.integers(...[0, 1, 2, 3].filter((one) => one !== axis))]);
  };
  const distance = graph.add('Sub', [places(query, 2), places(key, 3)]);
  const earlier = isCausal ? graph.add('GreaterOrEqual', [distance, graph.integer(0)]) : undefined;
  const near =
    reach === undefined ? undefined : graph.add('LessOrEqual', [graph.add('Abs', [distance]), graph.integer(reach)]);
  return earlier === undefined || near === undefined ? (earlier ?? near) : graph.add('And', [earlier, near]);
}

/** A softmax over the keys that are seen; a query that sees none has zeros. */
function sharesOf({ graph }: LayerCall, scores: string, seen: string | undefined): string {
  if (seen === undefined) return graph.add('Softmax', [scores], { attributes: { axis: -1 } });
  const kept = graph.add('Where', [seen, scores, graph.number(-1e30)]);
  return graph.add('Where', [seen, graph.add('Softmax', [kept], { attributes: { axis: -1 } }), graph.number(0)]);
}

/** The sum of every query and key, `[batch, queries, keys, features]`. */
function pairs({ graph }: LayerCall, query: string, key: string): string {
  return graph.add('Add', [
    graph.add('Unsqueeze', [query, graph.integers(2)]),
    graph.add('Unsqueeze', [key, graph.integers(1)]),
  ]);
}

function overFeatures({ graph }: LayerCall, value: string): string {
  return graph.add('ReduceSum', [value, graph.integers(-1)], { attributes: { keepdims: 0 } });
}

/** The output with the mask of the queries, and the shares where they are wanted. */
function attended(call: LayerCall, output: string, shares: string): Written {
  const { mask } = call.inputs[0];
  if (!call.outputs.has('scores')) return floatEdge(call, output, mask);
  return new Map<string, Edge>([
    ['output', { value: output, axes: axesOf(call), type: 'float', mask }],
    ['scores', { value: shares, axes: call.outputs.get('scores')!, type: 'float' }],
  ]);
}
