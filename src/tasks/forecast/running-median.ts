/**
 * The median of all values before a row; the mean of the middle two where they are even in number. Rows that are asked
 * for in rising order cost a logarithm each, as the values come to two heaps; one before the last that was asked for
 * begins anew.
 */
export class RunningMedian {
  readonly #values: Float64Array;
  /** The lower half, negated, and the upper one: the least of each first. The lower has as many or one more. */
  readonly #lower: Heap;
  readonly #upper: Heap;

  constructor(values: Float64Array) {
    this.#values = values;
    this.#lower = new Heap(1 + (values.length >> 1));
    this.#upper = new Heap(1 + (values.length >> 1));
  }

  /** @param row at least 1. */
  before(row: number): number {
    const [lower, upper] = [this.#lower, this.#upper];
    if (row < lower.size + upper.size) lower.size = upper.size = 0;
    for (let at = lower.size + upper.size; at < row; at++) {
      // Through the other half, so that what goes into each is in its right order.
      if (lower.size > upper.size) upper.push(-lower.exchange(-this.#values[at]));
      else lower.push(-upper.exchange(this.#values[at]));
    }
    return lower.size > upper.size ? -lower.least : (upper.least - lower.least) / 2;
  }
}

/** Numbers of which the least is at hand. */
class Heap {
  size = 0;
  readonly #values: Float64Array;

  constructor(capacity: number) {
    this.#values = new Float64Array(capacity);
  }

  get least(): number {
    return this.#values[0];
  }

  push(value: number): void {
    const values = this.#values;
    let at = this.size++;
    for (let parent = (at - 1) >> 1; at > 0 && values[parent] > value; parent = (at - 1) >> 1) {
      values[at] = values[parent];
      at = parent;
    }
    values[at] = value;
  }

  /** Takes a value in, and the least of all out. */
  exchange(value: number): number {
    const values = this.#values;
    if (this.size === 0 || value <= values[0]) return value;
    const least = values[0];
    let at = 0;
    for (let child = 1; child < this.size; child = 2 * at + 1) {
      if (child + 1 < this.size && values[child + 1] < values[child]) child++;
      if (values[child] >= value) break;
      values[at] = values[child];
      at = child;
    }
    values[at] = value;
    return least;
  }
}
