import type { GraphWriter } from './graph-writer.js';
import { asFloat, axesOf, floatEdge, type LayerCall, type LayerWriter, type StepMask } from './layer-writer.js';
import { cleared, stepsOf } from './masks.js';

/** Combines values pair by pair. @param hidden what stands where an input does not count. */
function pairwise(operator: string, hidden: number, after?: (call: LayerCall, value: string) => string): LayerWriter {
  return {
    write(call) {
      const { graph, inputs } = call;
      const rank = axesOf(call).length;
      const values = inputs.map((input) => {
        const value = cleared(graph, asFloat(call, input), input.axes.length, input.mask, hidden);
        const missing = rank - input.axes.length;
        if (missing === 0) return value;
        return graph.add('Unsqueeze', [value, graph.integers(...Array.from({ length: missing }, (_, i) => i + 1))]);
      });
      const merged = values.reduce((all, value) => graph.add(operator, [all, value]));
      const mask = anyMask(graph, call, rank);
      return floatEdge(call, cleared(graph, after?.(call, merged) ?? merged, rank, mask), mask);
    },
  };
}

/** Steps that count in any input, where every input has a mask. */
function anyMask(graph: GraphWriter, call: LayerCall, rank: number): StepMask | undefined {
  const { inputs } = call;
  if (inputs.some(({ mask, axes }) => mask === undefined || axes.length !== rank)) return undefined;
  if (new Set(inputs.map(({ mask }) => mask!.value)).size === 1) return inputs[0].mask;
  const masks = inputs.map(({ mask }) => stepsOf(call, mask)!);
  return { value: masks.reduce((any, mask) => graph.add('Or', [any, mask])), rank: 2 };
}

export const add = pairwise('Add', 0);
export const multiply = pairwise('Mul', 1);
export const maximum = pairwise('Max', -Infinity);
export const minimum = pairwise('Min', Infinity);
export const subtract = pairwise('Sub', 0);
export const average = pairwise('Add', 0, ({ graph, inputs }, sum) =>
  graph.add('Mul', [sum, graph.number(1 / inputs.length)]),
);

/** Products of two inputs summed over an axis of each. */
export const dot: LayerWriter = {
  changesTime: true,
  write(call) {
    const { graph, inputs, config } = call;
    const given = config.axes as number | readonly [number, number];
    const both = typeof given === 'number' ? [given, given] : given;
    const [first, second] = inputs.map((input, i) => {
      const rank = input.axes.length;
      const at = both[i] < 0 ? rank + both[i] : both[i];
      const clear = cleared(graph, asFloat(call, input), rank, input.mask);
      const others = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => axis !== at);
      const value =
        at === rank - 1 ? clear : graph.add('Transpose', [clear], { attributes: { perm: [...others, at] } });
      const shape = graph.add('Shape', [value]);
      const width = graph.add('Slice', [shape, graph.integers(-1), graph.integers(Number.MAX_SAFE_INTEGER)]);
      const rows = graph.add('Reshape', [
        value,
        graph.add('Concat', [graph.integers(0, -1), width], { attributes: { axis: 0 } }),
      ]);
      return {
        rows: config.normalize === true ? unitRows(graph, rows) : rows,
        others: graph.add('Gather', [shape, graph.integers(...others.slice(1).map((_, axis) => axis + 1))]),
        count: others.length - 1,
        axes: others.slice(1).map((axis) => input.axes[axis]),
      };
    });
    const products = graph.add('MatMul', [
      first.rows,
      graph.add('Transpose', [second.rows], { attributes: { perm: [0, 2, 1] } }),
    ]);
    const outer = [first, second].filter(({ count }) => count > 0).map(({ others }) => others);
    const shape = graph.add('Concat', [graph.integers(0), ...(outer.length === 0 ? [graph.integers(1)] : outer)], {
      attributes: { axis: 0 },
    });
    const axes = [...first.axes, ...second.axes];
    return {
      value: graph.add('Reshape', [products, shape]),
      axes: [inputs[0].axes[0], ...(axes.length === 0 ? [1] : axes)],
      type: 'float',
    };
  },
};

/** Rows of length 1; zeros stay zeros. */
function unitRows(graph: GraphWriter, rows: string): string {
  const squares = graph.add('ReduceSum', [graph.add('Mul', [rows, rows]), graph.integers(-1)], {
    attributes: { keepdims: 1 },
  });
  return graph.add('Div', [rows, graph.add('Sqrt', [graph.add('Max', [squares, graph.number(1e-24)])])]);
}
