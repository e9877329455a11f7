import type { Amount, Operation, Place, Program, Store } from './program.js';

/** Where arrays lie that hold numbers for a while: those that are not needed at the same time share memory. */
export interface WorkMemory {
  readonly offsets: ReadonlyMap<Store, number>;
  readonly size: number;
}

/**
 * Lays out the working arrays of a program, of floats or of whole numbers.
 *
 * @param sizeOf sizes in numbers, for the longest sequence.
 */
export function workMemory(
  { stores, operations, outputs }: Program,
  isWhole: boolean,
  sizeOf: (amount: Amount) => number,
): WorkMemory {
  const spans = new Map<Store, { first: number; last: number }>();
  operations.forEach((operation, i) => {
    for (const { store } of placesIn(operation)) {
      const span = spans.get(store);
      if (span === undefined) spans.set(store, { first: i, last: i });
      else span.last = i;
    }
  });
  for (const { place } of outputs) {
    const span = spans.get(place.store);
    if (span !== undefined) span.last = operations.length;
  }
  const placed: { readonly first: number; readonly last: number; readonly start: number; readonly end: number }[] = [];
  const offsets = new Map<Store, number>();
  let total = 0;
  for (const store of stores) {
    const span = spans.get(store);
    if (store.role !== 'work' || store.isWhole !== isWhole || span === undefined) continue;
    const size = sizeOf(store.size);
    const beside = placed
      .filter(({ first, last }) => first <= span.last && span.first <= last)
      .sort((a, b) => a.start - b.start);
    let start = 0;
    for (const other of beside) {
      if (other.start >= start + size) break;
      start = Math.max(start, other.end);
    }
    placed.push({ ...span, start, end: start + size });
    offsets.set(store, start);
    total = Math.max(total, start + size);
  }
  return { offsets, size: total };
}

/** Every place that an operation reads or writes. */
export function placesIn(operation: Operation): readonly Place[] {
  switch (operation.kind) {
    case 'loop':
      return operation.body.flatMap(placesIn);
    case 'pointwise':
      return [...Object.values(operation.inputs), ...Object.values(operation.outputs)];
    case 'product':
      return [operation.a, operation.b, operation.c];
    case 'quantized':
      return [operation.a, operation.c];
    case 'gather':
      return [operation.source, operation.target];
    case 'lookUp':
      return [operation.source, operation.indices, operation.target];
    case 'fill':
      return [operation.target];
  }
}
