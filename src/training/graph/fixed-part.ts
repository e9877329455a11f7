import { replaceMask, stillMaskOf } from '../../layers/mask.js';
import type { GraphNode, SymbolicTensor } from '../../layers/symbolic-tensor.js';
import { assignTensor } from '../../tensor/accumulate.js';
import { type Tensor, Variable } from '../../tensor/tensor.js';
import { runNode } from './run-node.js';

/** What stays over all steps, computed but not kept yet. */
interface Staged {
  /** Of the open scope. */
  readonly values: ReadonlyMap<SymbolicTensor, Tensor>;
  /** Keeps them for the steps; gives the variables that no step reads any more. */
  readonly keep: () => readonly Variable[];
}

/** What stays over all steps of a stream: computed over whole sequences, and kept for the steps that read it. */
export class FixedPart {
  readonly #nodes: readonly GraphNode[];
  readonly #kept: readonly SymbolicTensor[];
  readonly #values = new Map<SymbolicTensor, Variable>();

  /** @param kept what steps read of it. */
  constructor(nodes: readonly GraphNode[], kept: Iterable<SymbolicTensor>) {
    this.#nodes = nodes;
    this.#kept = [...kept];
  }

  get values(): ReadonlyMap<SymbolicTensor, Variable> {
    return this.#values;
  }

  /** Computes everything, so that what can fail has failed before anything is kept. @param inputs the whole arrays. */
  staged(inputs: ReadonlyMap<SymbolicTensor, Tensor>): Staged {
    const values = new Map<SymbolicTensor, Tensor>();
    for (const [input, given] of inputs) values.set(input, input.node.layer.apply(given) as Tensor);
    for (const node of this.#nodes) for (const [tensor, value] of runNode(node, values)) values.set(tensor, value);
    const variables = new Map(this.#kept.map((tensor) => [tensor, this.#variableFor(tensor, values.get(tensor)!)]));
    return {
      values,
      keep: () =>
        [...variables].flatMap(([tensor, variable]) => {
          const [before, value] = [this.#values.get(tensor), values.get(tensor)!];
          assignTensor(variable, value);
          replaceMask(variable, stillMaskOf(value));
          this.#values.set(tensor, variable);
          return before === undefined || before === variable ? [] : [before];
        }),
    };
  }

  #variableFor(tensor: SymbolicTensor, { shape, size }: Tensor): Variable {
    const before = this.#values.get(tensor);
    if (before?.shape.join() === shape.join()) return before;
    return new Variable(shape, new Float32Array(size), 'fixed', false);
  }
}
