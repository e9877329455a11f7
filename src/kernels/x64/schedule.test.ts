import { describe, expect, it } from 'vitest';
import { Body, type Operation, Value } from './body.js';
import { pressureOf } from './body-uses.js';
import { scheduled } from './schedule.js';

const place = (index: number) => ({ row: { index }, step: 4, offset: 0 }) as const;

const load = (body: Body, row: number): Value => body.value({ name: 'vmovups', sources: [], place: place(row) });

const store = (body: Body, row: number, value: Value): void =>
  body.store({ name: 'vmovupsStore', sources: [value], place: place(row) });

/** `x^(2^length)`, where each product waits for the one before. */
function chain(body: Body, x: Value, length: number): Value {
  let value = x;
  for (let i = 0; i < length; i++) value = body.value({ name: 'vmulps', sources: [value, value] });
  return value;
}

/** What each operation does to memory. */
const accesses = (operations: readonly Operation[]): string[] =>
  operations.flatMap(({ result, place: at }) =>
    at === undefined || !('row' in at) ? [] : `${result === undefined ? 'write' : 'read'} ${at.row.index}`,
  );

describe('the order of operations', () => {
  it('lets chains of products that do not need each other take turns', () => {
    const body = new Body();
    const ends = [0, 1, 2].map((row) => chain(body, load(body, row), 5));
    for (const end of ends) store(body, 3, end);
    const products = body.operations.filter(({ name }) => name === 'vmulps');
    const chainOf = (operation: Operation): number => Math.floor(products.indexOf(operation) / 5);
    const ordered = scheduled(body.operations, 16);
    expect(new Set(ordered)).toEqual(new Set(body.operations));
    const first = ordered.filter(({ name }) => name === 'vmulps').slice(0, 6);
    expect(first.map(chainOf).sort()).toEqual([0, 0, 1, 1, 2, 2]);
  });

  it('has every array read before a row that may be the same is written, and written in turn', () => {
    const body = new Body();
    const sum = chain(body, load(body, 0), 9);
    const old = load(body, 2);
    store(body, 2, sum);
    store(body, 2, old);
    store(body, 3, load(body, 2));
    for (const mostLive of [1, 16])
      expect(accesses(scheduled(body.operations, mostLive)).slice(1)).toEqual([
        'read 2',
        'write 2',
        'write 2',
        'read 2',
        'write 3',
      ]);
  });

  it('has a register that the turns of a loop hand on read before it is written', () => {
    const body = new Body();
    const sum = new Value({ fixed: 5 });
    const before = body.value({ name: 'vaddps', sources: [sum, load(body, 0)] });
    body.value({ name: 'vmulps', sources: [sum, load(body, 1)] }, 'vector', sum);
    store(body, 2, chain(body, sum, 4));
    store(body, 2, before);
    const names = scheduled(body.operations, 16).map(({ name }) => name);
    expect(names.indexOf('vaddps')).toBeLessThan(names.indexOf('vmulps'));
  });

  it('keeps to a number of values at once where it can', () => {
    const body = new Body();
    let total = new Value({ fixed: 0 });
    for (let row = 0; row < 12; row++) {
      const x = load(body, row);
      const end = body.value({ name: 'vaddps', sources: [x, chain(body, x, 3)] });
      total = body.value({ name: 'vaddps', sources: [total, end] });
    }
    store(body, 20, total);
    expect(pressureOf(scheduled(body.operations, 31))).toBeGreaterThan(8);
    expect(pressureOf(scheduled(body.operations, 4))).toBeLessThan(8);
  });
});
