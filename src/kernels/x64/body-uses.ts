import type { Operation, Value } from './body.js';

/** The values that an operation reads. */
export function valuesOf({ sources, mask }: Operation): Set<Value> {
  return new Set(mask === undefined ? sources : [...sources, mask]);
}

/** Where the values of a body are used. */
export class Uses {
  readonly #places = new Map<Value, number[]>();
  readonly #numUses = new Map<Value, number>();
  /** How many stores come before each operation. */
  readonly #stores: number[] = [];
  readonly #operations: readonly Operation[];

  constructor(operations: readonly Operation[]) {
    this.#operations = operations;
    let stores = 0;
    operations.forEach((operation, i) => {
      this.#stores.push(stores);
      if (operation.result === undefined) stores++;
      for (const value of valuesOf(operation)) {
        const places = this.#places.get(value);
        if (places === undefined) this.#places.set(value, [i]);
        else places.push(i);
      }
      for (const value of operation.sources) this.#numUses.set(value, (this.#numUses.get(value) ?? 0) + 1);
    });
  }

  /** The first operation behind number `i` that reads a value; Infinity where none does. */
  next(value: Value, i: number): number {
    const places = this.#places.get(value);
    if (places === undefined) return Infinity;
    while (places.length > 0 && places[0] <= i) places.shift();
    return places[0] ?? Infinity;
  }

  /** Whether nothing would change without operation `i`. */
  isIdle(i: number): boolean {
    const { result } = this.#operations[i];
    return result !== undefined && result.fixed === undefined && !this.#places.has(result);
  }

  /**
   * Whether operation `i` is a load that can wait for its only use, as an operand in memory or a load there. One of some
   * lanes cannot: an operand in memory is read in all of them.
   */
  canWait(i: number): boolean {
    const { name, result, sources, place, mask, resultBits, sourceBits } = this.#operations[i];
    if (name !== 'vmovups' || result === undefined || result.fixed !== undefined) return false;
    if (resultBits !== undefined || sourceBits !== undefined) return false;
    if (place === undefined || mask !== undefined || sources.length > 0 || this.#numUses.get(result) !== 1)
      return false;
    return this.#stores[this.#places.get(result)![0]] === this.#stores[i];
  }
}

/** How many vector registers a body needs at once, those of values that lie outside of it not counted. */
export function pressureOf(operations: readonly Operation[]): number {
  const uses = new Uses(operations);
  const live = new Set<Value>();
  let most = 0;
  operations.forEach((operation, i) => {
    if (uses.isIdle(i) || uses.canWait(i)) return;
    for (const value of valuesOf(operation)) if (uses.next(value, i) === Infinity) live.delete(value);
    const { result } = operation;
    if (result?.kind === 'vector' && result.fixed === undefined) live.add(result);
    most = Math.max(most, live.size);
  });
  return most;
}

/** How often the values that lie outside of a body are read: more where they must be in a register for it. */
export function outsideUses(operations: readonly Operation[]): Map<Value, number> {
  const weights = new Map<Value, number>();
  for (const { sources, inMemory, name } of operations)
    sources.forEach((value, i) => {
      if (value.home === undefined) return;
      const mustLoad = i !== inMemory && name !== 'fmadd' && name !== 'fnmadd';
      weights.set(value, (weights.get(value) ?? 0) + (mustLoad ? 2 : 1));
    });
  return weights;
}
