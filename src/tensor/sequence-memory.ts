import { currentBackend } from '../kernels/select.js';
import { MemoryAttention } from '../kernels/sequence/memory-attention.js';
import type { AttendedMemory } from '../kernels/sequence/step-attention.js';
import type { Packing } from './packing.js';
import { emptyTensor, type Tensor, tensor } from './tensor.js';

/** What each sequence attends to. Shapes: B batch, S keys, A width of keys and queries, V width of values. */
export interface MemoryTensors {
  /** `[B, S, A]`. */
  readonly keys: Tensor;
  /** `[B, S, V]`. */
  readonly values: Tensor;
  /** `[B * S]` on the host, 0 where a key does not count. */
  readonly mask?: ArrayLike<number> | undefined;
  /** `[A]`, of additive scores. */
  readonly scale?: Tensor | undefined;
}

/** What the steps of runs attend to. Only what attends imports it, so that a page without carries none of it. */
export class SequenceMemory {
  constructor(readonly tensors: MemoryTensors) {}

  /** Nothing is moved: a row only knows where the memory of its sequence lies. */
  forRun({ numRows, order }: Packing): RunMemory {
    const { keys, values, scale, mask } = this.tensors;
    const backend = currentBackend();
    const [batch, numKeys] = values.shape;
    const lengths = new Int32Array(batch).fill(numKeys);
    const seen = new Float32Array(batch * numKeys).fill(1);
    if (mask !== undefined)
      order.forEach((sequence, row) => {
        const counting = Array.from({ length: numKeys }, (_, key) => (mask[sequence * numKeys + key] === 0 ? 0 : 1));
        seen.set(counting, row * numKeys);
        lengths[row] = counting.lastIndexOf(1) + 1;
      });
    const shares = emptyTensor([numRows, numKeys]);
    const ofRows = seen.includes(0) ? tensor(seen, [batch, numKeys]) : undefined;
    return {
      shares,
      call: () => ({
        numKeys,
        keys: keys.viewOn(backend),
        values: values.viewOn(backend),
        sequenceOf: order,
        lengths,
        mask: ofRows?.viewOn(backend),
        scale: scale?.viewOn(backend),
        shares: shares.viewOn(backend),
        attention: (host, call, kernel) => new MemoryAttention(host, call, kernel),
      }),
    };
  }

  /** That of the first sequences. @param rowsOf cuts a tensor */
  firstRows(numRows: number, rowsOf: (value: Tensor, numRows: number) => Tensor): SequenceMemory {
    const { keys, values, ...others } = this.tensors;
    return new SequenceMemory({ ...others, keys: rowsOf(keys, numRows), values: rowsOf(values, numRows) });
  }
}

/** What the rows of one run attend to. */
export interface RunMemory {
  /** `[N, S]`. */
  readonly shares: Tensor;
  call(): AttendedMemory;
}
