import { describe, expect, it } from 'vitest';
import type { RondoError } from '../../errors.js';
import { leaf, mul } from '../../expression/build.js';
import { pointwiseProgram } from '../../expression/program.js';
import { Random } from '../../random.js';
import type { Strided } from '../contract.js';
import { provideMachineCode } from '../machine-code.js';
import { createWasmBackend } from './backend.js';
import { hasRelaxedSimd } from './features.js';

function errorOf(action: () => unknown): RondoError {
  try {
    action();
  } catch (error) {
    return error as RondoError;
  }
  throw new Error('nothing was thrown');
}

const backends = [
  ['by default', createWasmBackend()],
  ['deterministic', createWasmBackend({ deterministic: true })],
  ['on one thread', createWasmBackend({ threads: 1 })],
  ['with shared memory', createWasmBackend({ sharedMemory: true, threads: 1 })],
] as const;

describe.each(backends)('the WebAssembly backend %s', (_, backend) => {
  it('writes, fills and reads ranges and touches nothing else', async () => {
    const buffer = backend.allocate(23);
    backend.write({ buffer, offset: 2 }, [1, 2, 3.5]);
    backend.fill({ buffer, offset: 6 }, 11, -2);
    expect([...(await backend.read({ buffer, offset: 0 }, 23))]).toEqual([
      0,
      0,
      1,
      2,
      3.5,
      0,
      ...Array<number>(11).fill(-2),
      0,
      0,
      0,
      0,
      0,
      0,
    ]);
    expect(backend.readNow({ buffer, offset: 4 }, 1)[0]).toBe(3.5);
    expect(errorOf(() => backend.write({ buffer, offset: 20 }, [1, 2, 3, 4])).code).toBe('INTERNAL');
    expect(errorOf(() => backend.readNow({ buffer, offset: 20 }, 4)).code).toBe('INTERNAL');
    backend.free(buffer);
    expect(errorOf(() => backend.readNow({ buffer, offset: 0 }, 1)).code).toBe('INTERNAL');
  });

  it('gathers rows and adds them back, by any width', () => {
    const random = new Random(3);
    for (const columns of [1, 2, 3, 4, 5, 8, 13]) {
      const numRows = 9;
      const indices = new Int32Array([3, -1, 0, 8, 3, 3, -7, 5]);
      const source = { buffer: backend.allocate(3 + numRows * columns), offset: 3 };
      const target = { buffer: backend.allocate(5 + indices.length * columns), offset: 5 };
      const values = Float32Array.from({ length: 3 + numRows * columns }, () => random.normal());
      backend.write({ ...source, offset: 0 }, values);
      backend.fill(target, indices.length * columns, 99);
      backend.gatherRows({ columns, indices, source, target });
      const gathered = backend.readNow(target, indices.length * columns);
      expect([...gathered]).toEqual(
        [...indices].flatMap((index) =>
          Array.from({ length: columns }, (_, j) => (index < 0 ? 0 : values[3 + index * columns + j])),
        ),
      );

      const expected = values.slice();
      indices.forEach((index, i) => {
        for (let j = 0; index >= 0 && j < columns; j++) expected[3 + index * columns + j] += gathered[i * columns + j];
      });
      backend.scatterAddRows({ columns, indices, source, target });
      expect(backend.readNow({ ...source, offset: 0 }, expected.length)).toEqual(expected);
      expect(backend.readNow(target, gathered.length)).toEqual(gathered);
      for (const { buffer } of [source, target]) backend.free(buffer);
    }
  });

  it('keeps its memory over thousands of calls', () => {
    const a = backend.allocate(70 * 90);
    const c = backend.allocate(70 * 70);
    const program = pointwiseProgram('double', [{ name: 'y', expression: mul(leaf('x'), 2) }]);
    const step = (): void => {
      backend.openScope();
      const t = backend.temporary(70 * 70);
      backend.matmul({
        m: 70,
        n: 70,
        k: 90,
        a: { buffer: a, offset: 0, rowStride: 90 },
        b: { buffer: a, offset: 0, rowStride: 90 },
        transposeB: true,
        c: { buffer: t, offset: 0, rowStride: 70 },
      });
      backend.pointwise({
        program,
        rows: 70,
        columns: 70,
        inputs: { x: { buffer: t, offset: 0, rowStride: 70 } },
        outputs: { y: { buffer: c, offset: 0, rowStride: 70 } },
      });
      backend.gatherRows({
        columns: 70,
        indices: new Int32Array([1, 2, 3]),
        source: { buffer: c, offset: 0 },
        target: { buffer: t, offset: 0 },
      });
      backend.closeScope();
    };
    // Long enough for the tiles to be chosen, which may need another workspace, and for workers to have started.
    for (let i = 0; i < 1000; i++) step();
    const before = backend.memory();
    for (let i = 0; i < 2000; i++) step();
    expect(backend.memory()).toEqual(before);
    backend.free(a);
    backend.free(c);
    expect(backend.memory().temporaryBytes).toBe(0);
  });

  it('leaves zeros, or what was there, where k is 0', () => {
    const c: Strided = { buffer: backend.allocate(6), offset: 0, rowStride: 3 };
    const empty = { buffer: backend.allocate(0), offset: 0, rowStride: 0 };
    const before = [1, 2, 3, 4, 5, 6];
    backend.write(c, before);
    backend.matmul({ m: 2, n: 2, k: 0, a: empty, b: empty, c, accumulate: true });
    expect([...backend.readNow(c, 6)]).toEqual(before);
    backend.matmul({ m: 2, n: 2, k: 0, a: empty, b: empty, c });
    expect([...backend.readNow(c, 6)]).toEqual([0, 0, 3, 0, 0, 6]);
    for (const { buffer } of [c, empty]) backend.free(buffer);
  });

  it('answers what it supports, with a reason', () => {
    expect(backend.supports('readNow').supported).toBe(true);
    expect(backend.supports('float64').supported).toBe(false);
    expect(backend.supports('relaxedSimd').supported).toBe(
      backend.acceleration.chooseTiles().family.madd === 'relaxed',
    );
    for (const capability of ['readNow', 'float64', 'threads', 'relaxedSimd'] as const)
      expect(backend.supports(capability).reason).toMatch(/^[a-z].*\.$/);
  });

  it('refuses buffers of another backend', () => {
    const foreign = createWasmBackend().allocate(4);
    expect(errorOf(() => backend.fill({ buffer: foreign, offset: 0 }, 4, 1)).code).toBe('INTERNAL');
    expect(errorOf(() => backend.free({ size: 4, dtype: 'float32' })).code).toBe('INTERNAL');
  });
});

describe('the WebAssembly backend', () => {
  it('says which tiles it chose, and chooses once', () => {
    const tileChoice = createWasmBackend().acceleration.chooseTiles();
    expect(createWasmBackend().acceleration.chooseTiles()).toBe(tileChoice);
    expect(tileChoice.family.madd).toBe(hasRelaxedSimd() ? 'relaxed' : 'plain');
    expect(tileChoice.measured.length).toBeGreaterThan(1);
    for (const { gigaflops } of tileChoice.measured) expect(gigaflops).toBeGreaterThan(0);
    expect(createWasmBackend({ deterministic: true }).acceleration.chooseTiles().family.madd).toBe('plain');
  });

  it(
    'computes the same bits before and after it chose tiles, and chooses them by itself once they multiplied ' +
      'enough',
    () => {
      const backend = createWasmBackend({ threads: 1 });
      const size = 160;
      const buffers = [0, 1, 2].map((seed) => {
        const buffer = backend.allocate(size * size);
        backend.write(
          { buffer, offset: 0 },
          Float32Array.from({ length: size * size }, (_, i) => (((i + seed) * 37) % 101) / 50 - 1),
        );
        return buffer;
      });
      const [a, b, c] = buffers.map((buffer) => ({ buffer, offset: 0, rowStride: size }));
      const product = (): ArrayLike<number> => {
        backend.matmul({ m: size, n: size, k: size, a, b, c });
        return backend.readNow(c, size * size);
      };
      const before = product();
      for (let i = 0; i < 60; i++) product();
      expect(product()).toEqual(before);
      backend.acceleration.chooseTiles();
      expect(product()).toEqual(before);
    },
  );

  it('holds what a recording needs until it is freed, and nothing after', () => {
    const backend = createWasmBackend({ threads: 1 });
    const size = 37;
    const [a, b, c] = [0, 1, 2].map(() => ({ buffer: backend.allocate(size * size), offset: 0, rowStride: size }));
    const multiply = (): void => backend.matmul({ m: size, n: size, k: size, a, b, c });
    multiply();
    const before = backend.memory();
    const recordings = [0, 1, 2].map(() => backend.record(multiply));
    expect(backend.memory().persistentBytes).toBeGreaterThan(before.persistentBytes);
    for (const recording of recordings) recording.free();
    expect(backend.memory().persistentBytes).toBe(before.persistentBytes);
  });

  it('refuses a size that reaches beyond a buffer before any kernel is called', () => {
    const backend = createWasmBackend({ threads: 1 });
    const place = (size: number, rowStride: number): Strided => ({
      buffer: backend.allocate(size),
      offset: 0,
      rowStride,
    });
    const [m, n, k] = [3, 5, 7];
    const right = { a: place(m * k, k), b: place(k * n, n), c: place(m * n, n) };
    backend.matmul({ m, n, k, ...right });
    for (const [name, { buffer, rowStride }] of Object.entries(right)) {
      const short = { ...right, [name]: place(buffer.size - 1, rowStride) };
      const { code, facts } = errorOf(() => backend.matmul({ m, n, k, ...short }));
      expect([code, facts.what]).toEqual(['INTERNAL', 'a kernel would reach beyond a buffer.']);
    }
    const program = pointwiseProgram('scaled', [
      { name: 'y', expression: mul(mul(leaf('x'), leaf('row', 'row')), leaf('column', 'column')) },
    ]);
    const arrays = { x: place(m * n, n), row: place(m, 1), column: place(n, 1), y: place(m * n, n) };
    const scale = ({ x, row, column, y }: typeof arrays): void =>
      backend.pointwise({ program, rows: m, columns: n, inputs: { x, row, column }, outputs: { y } });
    scale(arrays);
    for (const [name, { buffer, rowStride }] of Object.entries(arrays))
      expect(errorOf(() => scale({ ...arrays, [name]: place(buffer.size - 1, rowStride) })).code).toBe('INTERNAL');
  });

  it('refuses unknown options', () => {
    expect(errorOf(() => createWasmBackend({ determinstic: true } as object)).message).toMatchInlineSnapshot(`
      "[UNKNOWN_NAME] createWasmBackend: unknown option \`determinstic\`; did you mean \`deterministic\`?
        expected: one of \`deterministic\`, \`sharedMemory\`, \`threads\`, \`machineCode\`
        received: \`determinstic\`
        fix: use \`deterministic\`."
    `);
  });
});

it('looks for machine code where it may use some, and not elsewhere', () => {
  let numLooks = 0;
  provideMachineCode(() => void numLooks++);
  createWasmBackend({ deterministic: true });
  createWasmBackend({ machineCode: false });
  expect(numLooks).toBe(0);
  createWasmBackend();
  expect(numLooks).toBe(1);
  provideMachineCode(undefined);
});

it('gives back what a call took that could not be made', () => {
  const backend = createWasmBackend({ threads: 1 });
  const array = (size: number) => ({ buffer: backend.temporary(size), offset: 0, rowStride: 9 });
  const call = (): void => backend.matmul({ m: 9, n: 9, k: 9, a: array(81), b: array(80), c: array(81) });
  backend.openScope();
  expect(call).toThrow('a kernel would reach beyond a buffer');
  expect(() => backend.record(call)).toThrow('a kernel would reach beyond a buffer');
  backend.closeScope();
  expect(backend.memory().temporaryBytes).toBe(0);
  expect(() => backend.closeScope()).toThrow('no scope is open');
});
