import { replaceMask, stillMaskOf } from '../../layers/mask.js';
import type { GraphNode, SymbolicTensor } from '../../layers/symbolic-tensor.js';
import { assignTensor } from '../../tensor/accumulate.js';
import { withoutTape } from '../../tensor/tape.js';
import { scope, type Tensor, Variable } from '../../tensor/tensor.js';
import { runNode } from './run-node.js';

/** What stays over all steps of a stream: computed once, over whole sequences, and kept for the steps that read it. */
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

  /** @param inputs the whole arrays, by the inputs that they are of. */
  compute(inputs: ReadonlyMap<SymbolicTensor, Tensor>): void {
    withoutTape(() =>
      scope(() => {
        const values = new Map<SymbolicTensor, Tensor>();
        for (const [input, given] of inputs) values.set(input, input.node.layer.apply(given) as Tensor);
        for (const node of this.#nodes) for (const [tensor, value] of runNode(node, values)) values.set(tensor, value);
        for (const tensor of this.#kept) this.#keep(tensor, values.get(tensor)!);
      }),
    );
  }

  #keep(tensor: SymbolicTensor, value: Tensor): void {
    const { shape, size } = value;
    let kept = this.#values.get(tensor);
    if (kept?.shape.join() !== shape.join()) kept = new Variable(shape, new Float32Array(size), 'fixed', false);
    assignTensor(kept!, value);
    replaceMask(kept!, stillMaskOf(value));
    this.#values.set(tensor, kept!);
  }
}
