/**
 * Remembers what was made for recent keys, up to a total size; what was unused for longest is forgotten first. Training
 * repeats the same few shapes at each step, so index arrays that depend on shapes alone are made once.
 */
export class BoundedCache<Value> {
  readonly #entries = new Map<string, { value: Value; size: number }>();
  #held = 0;
  readonly #sizeOf: (value: Value) => number;

  readonly #most: number;

  /** @param most the total size kept; a value above half of it is never kept. */
  constructor(most: number, sizeOf: (value: Value) => number) {
    this.#most = most;
    this.#sizeOf = sizeOf;
  }

  get(key: string, make: () => Value): Value {
    const known = this.#entries.get(key);
    if (known !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, known);
      return known.value;
    }
    const value = make();
    const size = this.#sizeOf(value);
    if (size > this.#most / 2) return value;
    this.#entries.set(key, { value, size });
    this.#held += size;
    for (const [oldest, { size: freed }] of this.#entries) {
      if (this.#held <= this.#most) break;
      this.#entries.delete(oldest);
      this.#held -= freed;
    }
    return value;
  }
}
