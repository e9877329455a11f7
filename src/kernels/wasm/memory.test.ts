import { describe, expect, it } from 'vitest';
import type { RondoError } from '../../errors.js';
import { Random } from '../../random.js';
import { type WasmBuffer, WasmMemory } from './memory.js';

const at = (buffer: WasmBuffer, offset = 0): { buffer: WasmBuffer; offset: number } => ({ buffer, offset });

function errorOf(action: () => unknown): RondoError {
  try {
    action();
  } catch (error) {
    return error as RondoError;
  }
  throw new Error('nothing was thrown');
}

describe('the WebAssembly memory', () => {
  it('gives aligned, zeroed buffers that do not overlap, in any order of use', () => {
    const memory = new WasmMemory();
    const random = new Random(11);
    const alive = new Map<WasmBuffer, number>();
    for (let step = 1; step <= 3000; step++) {
      if (alive.size > 0 && random.uniform() < 0.48) {
        const [buffer, mark] = [...alive][Math.floor(random.uniform() * alive.size)];
        const start = memory.byteAddress(at(buffer)) / 4;
        expect(memory.floats.subarray(start, start + buffer.size).every((value) => value === mark)).toBe(true);
        memory.free(buffer);
        alive.delete(buffer);
      } else {
        const buffer = memory.allocate(Math.floor(random.uniform() ** 3 * 5000));
        const address = memory.byteAddress(at(buffer));
        expect(address % 64).toBe(0);
        const values = memory.floats.subarray(address / 4, address / 4 + buffer.size);
        expect(values.every((value) => value === 0)).toBe(true);
        values.fill(step);
        alive.set(buffer, step);
      }
    }
    for (const buffer of alive.keys()) memory.free(buffer);
    expect(memory.report().persistentBytes).toBe(0);
    const whole = memory.allocate(memory.memory.buffer.byteLength / 4 - 256);
    expect(memory.byteAddress(at(whole))).toBe(1024);
  });

  it('does not grow over thousands of steps', () => {
    const memory = new WasmMemory();
    const step = (): void => {
      memory.openScope();
      for (let i = 0; i < 5; i++) {
        memory.temporary(70_000 * (i + 1));
        memory.openScope();
        memory.temporary(400_000);
        memory.closeScope();
      }
      const kept = memory.allocate(1234);
      memory.closeScope();
      memory.free(kept);
    };
    step();
    step();
    const before = { report: memory.report(), bytes: memory.memory.buffer.byteLength };
    for (let i = 0; i < 3000; i++) step();
    expect({ report: memory.report(), bytes: memory.memory.buffer.byteLength }).toEqual(before);
    expect(before.report.temporaryBytes).toBe(0);
    expect(before.report.persistentBytes).toBe(0);
    expect(before.report.peakBytes).toBeGreaterThan(4 * 70_000 * 15);
  });

  it('joins the chunks of temporaries once none is alive', () => {
    const memory = new WasmMemory();
    memory.openScope();
    for (let i = 1; i <= 6; i++) memory.temporary(100_000 * i);
    memory.closeScope();
    const bytes = memory.memory.buffer.byteLength;
    memory.openScope();
    memory.temporary(2_100_000);
    memory.closeScope();
    memory.openScope();
    memory.temporary(2_100_000);
    expect(memory.memory.buffer.byteLength).toBe(bytes);
  });

  it('keeps contents and views right while it grows', () => {
    const memory = new WasmMemory();
    const first = memory.allocate(10);
    const stale = memory.floats;
    stale[memory.byteAddress(at(first, 3)) / 4] = 7.5;
    memory.openScope();
    const second = memory.temporary(3_000_000);
    memory.floats[memory.byteAddress(at(second, 2_999_999)) / 4] = 2;
    expect(stale.length).toBe(0);
    expect(memory.floats[memory.byteAddress(at(first, 3)) / 4]).toBe(7.5);
    expect(memory.integers.length * 4).toBe(memory.memory.buffer.byteLength);
  });

  it('gives temporaries of nested scopes their own places and takes them back', () => {
    const memory = new WasmMemory();
    memory.openScope();
    const outer = memory.temporary(300_000);
    memory.openScope();
    const inner = memory.temporary(300_000);
    const innerAddress = memory.byteAddress(at(inner));
    expect(Math.abs(innerAddress - memory.byteAddress(at(outer)))).toBeGreaterThanOrEqual(1_200_000);
    memory.closeScope();
    expect(errorOf(() => memory.byteAddress(at(inner))).message).toContain('after its end');
    expect(memory.byteAddress(at(memory.temporary(300_000)))).toBe(innerAddress);
    memory.closeScope();
    expect(errorOf(() => memory.byteAddress(at(outer))).code).toBe('INTERNAL');
  });

  it('says how much was asked for when it is full, and stays usable', () => {
    const memory = new WasmMemory({ maximumBytes: 4 << 20 });
    const buffer = memory.allocate(500_000);
    expect(errorOf(() => memory.allocate(700_000)).message).toMatchInlineSnapshot(`
      "[OUT_OF_MEMORY] wasm backend: the WebAssembly memory is full.
        expected: at most 4.0 MiB in all
        received: a request for 2.7 MiB besides 1.9 MiB of tensors and 0 KiB of temporaries
        fix: use a smaller batch, shorter sequences or fewer units."
    `);
    memory.openScope();
    memory.temporary(400_000);
    expect(errorOf(() => memory.temporary(400_000)).code).toBe('OUT_OF_MEMORY');
    memory.closeScope();
    memory.free(buffer);
    memory.allocate(500_000);
  });

  it('refuses foreign, freed and temporary buffers, and scopes that are not open', () => {
    const memory = new WasmMemory({ shared: true });
    const foreign = new WasmMemory().allocate(3);
    const freed = memory.allocate(3);
    memory.free(freed);
    expect(errorOf(() => memory.byteAddress(at(foreign))).message).toContain('another backend');
    expect(errorOf(() => memory.free(freed)).message).toContain('after its end');
    expect(errorOf(() => memory.byteAddress(at(memory.allocate(3), 4))).message).toContain('outside');
    expect(errorOf(() => memory.temporary(3)).message).toContain('no scope is open');
    expect(errorOf(() => memory.closeScope()).message).toContain('no scope is open');
    memory.openScope();
    expect(errorOf(() => memory.free(memory.temporary(3))).message).toContain('temporary');
  });
});
