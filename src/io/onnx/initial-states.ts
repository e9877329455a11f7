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
  /** By name of a value the input whose numbers it has: there is one alone, since a Concat of several is no such operator. */
  const origins = new Map(candidates.map((name) => [name, name]));
  const states = new Set<string>();
  const others = new Set<string>();
  for (const { operator, domain, inputs: read, outputs: gives } of nodes) {
    const placesOf = new Map<string, number[]>();
    read.forEach((name, at) => {
      const origin = origins.get(name);
      if (origin !== undefined) placesOf.set(origin, [...(placesOf.get(origin) ?? []), at]);
    });
    const isRecurrent = domain === '' && ['RNN', 'GRU', 'LSTM'].includes(operator);
    for (const [origin, places] of placesOf) {
      if (isRecurrent && places.every((at) => at === 5 || at === 6)) {
        states.add(origin);
        continue;
      }
      const isWhole = operator === 'Concat' ? places.length === read.length : places.join() === '0';
      if (domain === '' && movers.has(operator) && isWhole) for (const name of gives) origins.set(name, origin);
      else others.add(origin);
    }
  }
  for (const { name } of outputs) others.add(origins.get(name) ?? '');
  return new Set(candidates.filter((name) => states.has(name) && !others.has(name)));
}
