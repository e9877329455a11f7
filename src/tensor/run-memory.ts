import type { RecurrentMemory } from '../kernels/contract.js';
import { currentBackend } from '../kernels/select.js';
import type { Packing } from './packing.js';
import type { MemoryArguments } from './recurrent-arguments.js';
import { emptyTensor, type Tensor, tensor } from './tensor.js';

/** What the rows of a run attend to: nothing is moved, a row only knows where the memory of its sequence lies. */
export class RunMemory {
  /** `[N, S]`. */
  readonly shares: Tensor;
  readonly #given: MemoryArguments;
  readonly #lengths: Int32Array;
  readonly #order: Int32Array;
  /** `[B, S]`, by row of the run. */
  readonly #mask: Tensor | undefined;

  constructor(given: MemoryArguments, { numRows, order }: Packing) {
    const [batch, numKeys] = given.values.shape;
    const { mask } = given;
    this.#given = given;
    this.#order = order;
    this.shares = emptyTensor([numRows, numKeys]);
    this.#lengths = new Int32Array(batch).fill(numKeys);
    if (mask === undefined) return;
    const seen = new Float32Array(batch * numKeys);
    order.forEach((sequence, row) => {
      let length = 0;
      for (let key = 0; key < numKeys; key++) {
        if (mask[sequence * numKeys + key] === 0) continue;
        seen[row * numKeys + key] = 1;
        length = key + 1;
      }
      this.#lengths[row] = length;
    });
    if (seen.includes(0)) this.#mask = tensor(seen, [batch, numKeys]);
  }

  view(): RecurrentMemory {
    const backend = currentBackend();
    const { keys, values, scale } = this.#given;
    return {
      numKeys: values.shape[1],
      keys: keys.viewOn(backend),
      values: values.viewOn(backend),
      sequenceOf: this.#order,
      lengths: this.#lengths,
      mask: this.#mask?.viewOn(backend),
      scale: scale?.viewOn(backend),
      shares: this.shares.viewOn(backend),
    };
  }
}
