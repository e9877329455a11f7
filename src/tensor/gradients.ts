import { copyInto } from './accumulate.js';
import { addGradientInto, addGradients, RowGradient } from './row-gradient.js';
import { emptyTensor, type Tensor } from './tensor.js';

/** dL/d(tensor) by tensor, summed up while a tape runs backwards. */
export class Gradients {
  readonly #sums = new Map<Tensor, Tensor>();
  /** Whose sum is shared with nothing else, so that it can be added to in place. */
  readonly #owned = new Set<Tensor>();
  /** Memory for sums that have not begun. */
  readonly #reserved = new Map<Tensor, Tensor>();

  /** Undefined stands for zero. */
  get(of: Tensor): Tensor | undefined {
    return this.#sums.get(of);
  }

  add(of: Tensor, gradient: Tensor): void {
    const sum = this.#sums.get(of);
    const room = this.#reserved.get(of);
    if (sum === undefined && room === undefined) {
      // An operation may give one tensor as the gradient of several inputs.
      this.#sums.set(of, gradient);
    } else if (sum === undefined) this.#begin(of, room!, gradient);
    else if (this.#owned.has(of)) addGradientInto(sum, gradient);
    else {
      const total = addGradients(sum, gradient);
      this.#sums.set(of, total);
      if (!(total instanceof RowGradient)) this.#owned.add(of);
    }
  }

  /**
   * Takes memory in the open scope, so that `add` can be called where memory is given back sooner than gradients end.
   */
  reserve(of: Tensor): void {
    if (this.#owned.has(of) || this.#reserved.has(of)) return;
    const room = emptyTensor(of.shape);
    const sum = this.#sums.get(of);
    if (sum === undefined) this.#reserved.set(of, room);
    else this.#begin(of, room, sum);
  }

  #begin(of: Tensor, room: Tensor, gradient: Tensor): void {
    copyInto(room, gradient);
    this.#sums.set(of, room);
    this.#owned.add(of);
  }
}
