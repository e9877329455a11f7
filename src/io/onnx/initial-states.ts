import type { OnnxGraph } from './onnx-node.js';

/** Operators that move numbers and compute none, so that zeros stay zeros; of what they read first, or all of it. */
const movers: ReadonlySet<string> = new Set([
  'Concat',
  'Gather',
  'Identity',
  'Reshape',
  'Slice',
  'Split',
  'Squeeze',
  'Transpose',
  'Unsqueeze',
]);

/**
 * Inputs of a graph that nothing reads but RNN, GRU and LSTM nodes, as the states that they begin with, directly or through operators
 * that only move numbers. Those are optional in ONNX, and zeros where they are absent.
 */
export function initialStatesOf({ inputs, initializers, nodes, outputs }: OnnxGraph): ReadonlySet<string> {
  const candidates = inputs.map(({ name }) => name).filter((name) => !initializers.has(name));
  // A graph inside of an attribute may read anything.
  if (nodes.some(({ attributes }) => [...attributes.values()].some(({ type }) => type === 'GRAPH'))) return new Set();
  const given = new Set(outputs.map(({ name }) => name));
  return new Set(
    candidates.filter((input) => {
      const carried = new Set([input]);
      let isState = false;
      for (const { operator, domain, inputs: read, outputs: gives } of nodes) {
        const places = read.flatMap((name, at) => (carried.has(name) ? [at] : []));
        if (places.length === 0) continue;
        const isRecurrent = domain === '' && ['RNN', 'GRU', 'LSTM'].includes(operator);
        if (isRecurrent && places.every((at) => at === 5 || at === 6)) {
          isState = true;
          continue;
        }
        const moves = domain === '' && movers.has(operator) && (operator === 'Concat' || places.join() === '0');
        if (!moves || (operator === 'Concat' && places.length < read.length)) return false;
        for (const name of gives) carried.add(name);
      }
      return isState && ![...carried].some((name) => given.has(name));
    }),
  );
}
