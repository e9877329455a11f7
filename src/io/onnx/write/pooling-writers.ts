import type { SequencePooling1D } from '../../../layers/sequence-pooling-1d.js';
import { asFloat, floatEdge, type LayerCall, type LayerWriter, writeWeight } from './layer-writer.js';
import { cleared, stepsOf } from './masks.js';

const lowest = -3.4028234663852886e38;

/** The mean over all places that count. */
export const globalAverage: LayerWriter = {
  write: (call) => pooledPlaces(call, meanOfSteps, 'ReduceMean'),
};

/** The largest value over all places that count. */
export const globalMaximum: LayerWriter = {
  write: (call) => pooledPlaces(call, largestStep, 'ReduceMax'),
};

function pooledPlaces(
  call: LayerCall,
  along: (call: LayerCall, value: string, mask: string | undefined, keepdims: number) => string,
  operator: string,
): ReturnType<typeof floatEdge> {
  const { graph, inputs, config } = call;
  const [input] = inputs;
  const keepdims = config.keepdims === true ? 1 : 0;
  const mask = stepsOf(call, input.mask && input.axes.length > 3 ? { ...input.mask, rank: 3 } : input.mask);
  if (input.axes.length === 3) return floatEdge(call, along(call, asFloat(call, input), mask, keepdims));
  return floatEdge(call, graph.add(operator, [asFloat(call, input)], { attributes: { axes: [1, 2], keepdims } }));
}

/** Over time; zeros where no step counts. */
function meanOfSteps({ graph }: LayerCall, value: string, mask: string | undefined, keepdims: number): string {
  if (mask === undefined) return graph.add('ReduceMean', [value], { attributes: { axes: [1], keepdims } });
  const sums = graph.add('ReduceSum', [cleared(graph, value, 3, { value: mask, rank: 2 }), graph.integers(1)], {
    attributes: { keepdims },
  });
  const numbers = graph.add('Unsqueeze', [graph.add('Cast', [mask], { attributes: { to: 1 } }), graph.integers(-1)]);
  const count = graph.add('ReduceSum', [numbers, graph.integers(1)], { attributes: { keepdims } });
  return graph.add('Div', [sums, graph.add('Max', [count, graph.number(1)])]);
}

function largestStep({ graph }: LayerCall, value: string, mask: string | undefined, keepdims: number): string {
  const attributes = { axes: [1], keepdims };
  if (mask === undefined) return graph.add('ReduceMax', [value], { attributes });
  const largest = graph.add('ReduceMax', [cleared(graph, value, 3, { value: mask, rank: 2 }, lowest)], { attributes });
  const numbers = graph.add('Unsqueeze', [graph.add('Cast', [mask], { attributes: { to: 1 } }), graph.integers(-1)]);
  const any = graph.add('Cast', [graph.add('ReduceMax', [numbers], { attributes })], { attributes: { to: 9 } });
  return graph.add('Where', [any, largest, graph.number(0)]);
}

/** The last step that counts; of the second half of the features the first where it was read from the end. */
function lastStep(call: LayerCall, value: string, mask: string | undefined, bidirectional: boolean): string {
  const { graph, inputs } = call;
  const at = (part: string, isLast: boolean): string => {
    if (mask === undefined)
      return graph.add('Gather', [part, graph.integer(isLast ? -1 : 0)], { attributes: { axis: 1 } });
    // Counted from that end, the first step that counts is the one that does with the number 1.
    const numbers = graph.add('Cast', [mask], { attributes: { to: 1 } });
    const counted = graph.add('CumSum', [numbers, graph.integer(1)], { attributes: { reverse: isLast ? 1 : 0 } });
    const isFirst = graph.add('And', [mask, graph.add('Equal', [counted, graph.number(1)])]);
    return graph.add('ReduceSum', [cleared(graph, part, 3, { value: isFirst, rank: 2 }), graph.integers(1)], {
      attributes: { keepdims: 0 },
    });
  };
  if (!bidirectional) return at(value, true);
  const half = (inputs[0].axes[2] as number) / 2;
  const [forward, backward] = graph.addSeveral('Split', [value, graph.integers(half, half)], 2, {
    attributes: { axis: 2 },
  });
  return graph.add('Concat', [at(forward, true), at(backward, false)], { attributes: { axis: -1 } });
}

export const sequencePooling: LayerWriter = {
  write(call) {
    const { graph, inputs, layer } = call;
    const [input] = inputs;
    const { pooling, bidirectional } = layer as unknown as SequencePooling1D;
    const mask = stepsOf(call, input.mask);
    const value = asFloat(call, input);
    const parts = pooling.map((name) =>
      name === 'max'
        ? largestStep(call, value, mask, 0)
        : name === 'mean'
          ? meanOfSteps(call, value, mask, 0)
          : lastStep(call, value, mask, bidirectional),
    );
    return floatEdge(call, parts.length === 1 ? parts[0] : graph.add('Concat', parts, { attributes: { axis: -1 } }));
  },
};

/** A softmax of scores over the steps that count, and the mean of the steps with these weights. */
export const attentionPooling: LayerWriter = {
  write(call) {
    const { graph, inputs } = call;
    const [input] = inputs;
    const mask = stepsOf(call, input.mask);
    const value = cleared(graph, asFloat(call, input), 3, input.mask);
    const compared = graph.add('Tanh', [
      graph.add('Add', [graph.add('MatMul', [value, writeWeight(call, 'kernel')]), writeWeight(call, 'bias')]),
    ]);
    const scores = graph.add('MatMul', [compared, writeWeight(call, 'context')]);
    const steps = mask === undefined ? undefined : { value: mask, rank: 2 };
    const shares = graph.add('Softmax', [cleared(graph, scores, 3, steps, -1e30)], { attributes: { axis: 1 } });
    const weighted = graph.add('Mul', [value, cleared(graph, shares, 3, steps)]);
    return floatEdge(call, graph.add('ReduceSum', [weighted, graph.integers(1)], { attributes: { keepdims: 0 } }));
  },
};
