/**
 * Remembers what was made for recent keys, up to a total size; what was unused for longest is forgotten first. Training
 * repeats the same few shapes at each step, so index arrays that depend on shapes alone are made once.
 */
export class BoundedCache<Value> {
  readonly #entries = new Map<string, { readonly value: Value; readonly size: number; lastUse: number }>();
  #held = 0;
  #numUses = 0;
  readonly #sizeOf: (value: Value) => number;

  readonly #most: number;

  /** @param most the total size kept; a value above half of it is never kept. */
  constructor(most: number, sizeOf: (value: Value) => number) {
    this.#most = most;
    this.#sizeOf = sizeOf;
  }

  get(key: string, make: () => Value): Value {
    const lastUse = this.#numUses++;
    const known = this.#entries.get(key);
    if (known !== undefined) {
      known.lastUse = lastUse;
      return known.value;
    }
    const value = make();
    const size = this.#sizeOf(value);
    if (size > this.#most / 2) return value;
    this.#entries.set(key, { value, size, lastUse });
    this.#held += size;
    if (this.#held > this.#most) this.#forget();
    return value;
  }

  #forget(): void {
    const byUse = [...this.#entries].sort(([, a], [, b]) => a.lastUse - b.lastUse);
    for (const [key, { size }] of byUse) {
      if (this.#held <= this.#most) return;
      this.#entries.delete(key);
      this.#held -= size;
    }
  }
}
