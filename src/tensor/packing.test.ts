import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PackingOptions, packSequences } from './packing.js';

/** What a packing means, read off one step after the other. */
function slowPacking(
  batch: number,
  time: number,
  mask: ArrayLike<number> | undefined,
  { reverse, outputOrder }: PackingOptions,
) {
  const times = Array.from({ length: time }, (_, t) => (reverse ? time - 1 - t : t));
  /** By sequence: the places of its steps that count, in the order they are computed. */
  const steps = Array.from({ length: batch }, (_, b) =>
    times.map((t) => b * time + t).filter((place) => mask === undefined || mask[place] !== 0),
  );
  const order = [...steps.keys()].sort((a, b) => steps[b].length - steps[a].length || a - b);
  const rows: { sequence: number; place: number }[] = [];
  const activeRows: number[] = [];
  for (let t = 0; t < Math.max(0, ...steps.map(({ length }) => length)); t++) {
    const running = order.filter((sequence) => t < steps[sequence].length);
    activeRows.push(running.length);
    rows.push(...running.map((sequence) => ({ sequence, place: steps[sequence][t] })));
  }
  const rowOf = (place: number): number => rows.findIndex((row) => row.place === place);
  const outputAt = new Array<number>(batch * time).fill(-1);
  for (let b = 0; b < batch; b++) {
    let shown = -1;
    times.forEach((t, position) => {
      if (rowOf(b * time + t) >= 0) shown = rowOf(b * time + t);
      outputAt[outputOrder === 'time' ? b * time + t : b * time + position] = shown;
    });
  }
  const lastOf = steps.map((places) => (places.length === 0 ? -1 : rowOf(places[places.length - 1])));
  return {
    activeRows,
    numRows: rows.length,
    sourceOf: rows.map(({ place }) => place),
    packedAt: Array.from({ length: batch * time }, (_, place) => rowOf(place)),
    outputAt,
    placeOf: rows.length === batch * time ? rows.map((_, row) => outputAt.indexOf(row)) : undefined,
    order,
    rankOf: steps.map((_, sequence) => order.indexOf(sequence)),
    lastOf,
    finalStateOf: lastOf.map((row, sequence) => (row < 0 ? order.indexOf(sequence) : batch + row)),
  };
}

function plain(packing: ReturnType<typeof packSequences>): object {
  return Object.fromEntries(
    Object.entries(packing).map(([name, value]) => [name, value instanceof Int32Array ? [...value] : value]),
  );
}

const batches = fc.record({ batch: fc.nat(5), time: fc.nat(7) }).chain(({ batch, time }) =>
  fc.record({
    batch: fc.constant(batch),
    time: fc.constant(time),
    mask: fc.option(fc.uint8Array({ minLength: batch * time, maxLength: batch * time, max: 1 }), { nil: undefined }),
    reverse: fc.boolean(),
    outputOrder: fc.constantFrom('time' as const, 'computed' as const),
  }),
);

describe('packSequences', () => {
  it('agrees with the slow and obvious way for any mask', () => {
    fc.assert(
      fc.property(batches, ({ batch, time, mask, reverse, outputOrder }) => {
        expect(plain(packSequences(batch, time, mask, { reverse, outputOrder }))).toEqual(
          slowPacking(batch, time, mask, { reverse, outputOrder }),
        );
      }),
      { seed: 103, numRuns: 500 },
    );
  });

  it('puts the longest sequences first, one step after the other', () => {
    const mask = [1, 1, 0, 0, 0, /**/ 1, 1, 1, 0, 0, /**/ 1, 0, 0, 0, 0];
    const packing = packSequences(3, 5, mask, { reverse: false, outputOrder: 'time' });
    expect([...packing.order]).toEqual([1, 0, 2]);
    expect([...packing.activeRows]).toEqual([3, 2, 1]);
    expect([...packing.sourceOf]).toEqual([5, 0, 10, 6, 1, 7]);
    expect([...packing.lastOf]).toEqual([4, 5, 2]);
    expect([...packing.outputAt.subarray(0, 5)]).toEqual([1, 4, 4, 4, 4]);
  });

  it('reads backwards from the last step that counts', () => {
    const packing = packSequences(1, 5, [1, 0, 1, 1, 0], { reverse: true, outputOrder: 'time' });
    expect([...packing.sourceOf]).toEqual([3, 2, 0]);
    expect([...packing.outputAt]).toEqual([2, 1, 1, 0, -1]);
    expect([...packSequences(1, 5, [1, 0, 1, 1, 0], { reverse: true, outputOrder: 'computed' }).outputAt]).toEqual([
      -1, 0, 1, 1, 2,
    ]);
  });

  it('leaves rows that are fully masked at their initial state', () => {
    const packing = packSequences(3, 2, [0, 0, 1, 1, 0, 0], { reverse: false, outputOrder: 'time' });
    expect([...packing.activeRows]).toEqual([1, 1]);
    expect([...packing.lastOf]).toEqual([-1, 1, -1]);
    expect([...packing.finalStateOf]).toEqual([1, 3 + 1, 2]);
    expect(packSequences(3, 2, new Uint8Array(6), { reverse: false, outputOrder: 'time' }).numRows).toBe(0);
  });

  it('is worked out once for batches of one shape without a mask', () => {
    const options = { reverse: true, outputOrder: 'time' } as const;
    const first = packSequences(3, 7, undefined, options);
    expect(packSequences(3, 7, undefined, { ...options })).toBe(first);
    for (const other of [
      packSequences(7, 3, undefined, options),
      packSequences(3, 7, undefined, { ...options, reverse: false }),
      packSequences(3, 7, undefined, { ...options, outputOrder: 'computed' }),
    ]) {
      expect(other).not.toBe(first);
    }
  });
});
