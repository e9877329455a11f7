import { type Mask, replaceMask, stillMaskOf } from '../../layers/mask.js';
import type { GraphNode, SymbolicTensor } from '../../layers/symbolic-tensor.js';
import { assignTensor } from '../../tensor/accumulate.js';
import { gatherInto } from '../../tensor/gather.js';
import type { Tensor } from '../../tensor/tensor.js';
import { Variable } from '../../tensor/variable.js';
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
    return { values, keep: this.#keeping((tensor) => values.get(tensor)!) };
  }

  /**
   * Takes rows of what another stream of the same graph keeps, in the open scope.
   *
   * @returns what keeps them, and gives the variables that no step reads any more.
   */
  stagedRows(other: FixedPart, rows: Int32Array): () => readonly Variable[] {
    return this.#keeping((tensor) => rowsOf(other.#values.get(tensor)!, rows));
  }

  /** Makes place for values now; keeps them, and gives the variables that no step reads any more, when it is called. */
  #keeping(valueOf: (tensor: SymbolicTensor) => Tensor): () => readonly Variable[] {
    const kept = this.#kept.map((tensor) => {
      const value = valueOf(tensor);
      return { tensor, value, variable: this.#variableFor(tensor, value) };
    });
    return () =>
      kept.flatMap(({ tensor, value, variable }) => {
        const before = this.#values.get(tensor);
        assignTensor(variable, value);
        replaceMask(variable, stillMaskOf(value));
        this.#values.set(tensor, variable);
        return before === undefined || before === variable ? [] : [before];
      });
  }

  /** The variable of before serves where steps that were recorded with its shape and mask are right for the value too. */
  #variableFor(tensor: SymbolicTensor, value: Tensor): Variable {
    const before = this.#values.get(tensor);
    if (before?.shape.join() === value.shape.join() && isSameMask(stillMaskOf(before), stillMaskOf(value)))
      return before;
    return new Variable(value.shape, new Float32Array(value.size), 'fixed', false);
  }
}

function isSameMask(a: Mask | undefined, b: Mask | undefined): boolean {
  return a === b || (a !== undefined && a.length === b?.length && a.every((counts, step) => counts === b[step]));
}

/** Rows of a tensor, `[batch, ...]`, and of its mask. */
function rowsOf(source: Tensor, rows: Int32Array): Tensor {
  const [batch, ...rest] = source.shape;
  const taken = gatherInto([rows.length, ...rest], source, source.size / batch, rows);
  const mask = stillMaskOf(source);
  if (mask === undefined) return taken;
  const steps = mask.length / batch;
  const own = new Uint8Array(rows.length * steps);
  rows.forEach((row, i) => void own.set(mask.subarray(row * steps, (row + 1) * steps), i * steps));
  replaceMask(taken, own);
  return taken;
}
