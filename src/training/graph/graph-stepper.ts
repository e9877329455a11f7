import { RondoError } from '../../errors.js';
import type { Stepper } from '../../layers/stepper.js';
import type { GraphNode, SymbolicTensor } from '../../layers/symbolic-tensor.js';
import type { Tensor, Variable } from '../../tensor/tensor.js';

/** A graph of one input and one output, to be run one time step at a time. */
export interface SteppedGraph {
  /** By name, each after those it reads; the first is the input. */
  readonly nodes: ReadonlyMap<string, GraphNode>;
  readonly output: SymbolicTensor;
  readonly where: string;
}

/**
 * The graph run one time step at a time: each node with states of its own, also where two have the same layer. Layers
 * that take several inputs must treat every step by itself.
 *
 * @throws USAGE naming the layer that cannot be run so
 */
export function stepperOfGraph({ nodes, output, where }: SteppedGraph, batch: number): Stepper {
  const steps: (readonly [node: GraphNode, step: (inputs: readonly Tensor[]) => Tensor])[] = [];
  const states = new Map<string, Variable>();
  const readers: NonNullable<Stepper['read']>[] = [];
  /** What the host gives as it came. */
  const unchanged = new Set<SymbolicTensor>();
  let isInputRead = false;
  for (const [name, node] of nodes) {
    if (node.inputs.length > 1 && !node.layer.takesSeveral) throw hasInitialStates(where, name, node);
    const unread = node.inputs.find((edge) => edge !== mainOf(edge.node));
    if (unread !== undefined) throw readsStates(where, name, node);
    const stepper = node.layer.stepper(batch);
    for (const [state, value] of stepper.states) states.set(`${name}/${state}`, value);
    const isFromHost = node.inputs.every((edge) => unchanged.has(edge));
    if (stepper.isIdentity === true && isFromHost) unchanged.add(mainOf(node));
    else if (stepper.read === undefined) isInputRead ||= node.inputs.some((edge) => unchanged.has(edge));
    else if (isFromHost) readers.push(stepper.read);
    else throw readsLayer(where, name, node);
    steps.push([
      node,
      node.inputs.length > 1 ? (inputs) => node.layer.apply(inputs) as Tensor : ([input]) => stepper.step(input),
    ]);
  }
  if (readers.length > 0 && (isInputRead || unchanged.has(output))) throw readsBoth(where);
  return {
    states,
    step: (input) => {
      const values = new Map<SymbolicTensor, Tensor>();
      for (const [node, step] of steps) {
        const inputs = node.inputs.length === 0 ? [input] : node.inputs.map((edge) => values.get(edge)!);
        values.set(mainOf(node), step(inputs));
      }
      return values.get(output)!;
    },
    read: readers.length === 0 ? undefined : (input) => readers.forEach((read) => void read(input)),
    isIdentity: unchanged.has(output),
  };
}

/** What a step of a node gives; its final states are not known before the last. */
function mainOf({ outputs }: GraphNode): SymbolicTensor {
  return outputs.get('') ?? outputs.get('output')!;
}

function readsStates(where: string, name: string, { layer }: GraphNode): RondoError {
  return new RondoError('USAGE', {
    where: `${where}, layer \`${name}\` (${layer.className})`,
    what: 'the layer cannot be run one time step at a time here.',
    expected: 'what a layer gives at each step',
    received: 'one of several outputs of a layer',
    fix: 'apply the model to whole sequences.',
  });
}

function readsLayer(where: string, name: string, { layer }: GraphNode): RondoError {
  return new RondoError('USAGE', {
    where: `${where}, layer \`${name}\` (${layer.className})`,
    what: 'the layer cannot be run one time step at a time here.',
    expected: 'indices from the input of the model',
    received: 'indices from another layer',
    fix: 'apply the model to whole sequences.',
  });
}

function hasInitialStates(where: string, name: string, { layer }: GraphNode): RondoError {
  return new RondoError('USAGE', {
    where: `${where}, layer \`${name}\` (${layer.className})`,
    what: 'the layer cannot be run one time step at a time here.',
    expected: 'a layer that begins with zeros',
    received: 'initial states from another layer',
    fix: 'apply the model to whole sequences.',
  });
}

function readsBoth(where: string): RondoError {
  return new RondoError('USAGE', {
    where: `${where}.stream`,
    what: 'the input is read as indices by one layer and as numbers by another.',
    expected: 'an input that is one of both',
    fix: 'apply the model to whole sequences.',
  });
}
