import { createRequire } from 'node:module';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { machineCodeOf } from '../../../test/support/machine-code.js';
import type { RondoError } from '../../errors.js';
import { add, type Expression, leaf, mul } from '../../expression/build.js';
import { pointwiseProgram } from '../../expression/program.js';
import { findKoffiNow, type Koffi } from '../koffi.js';
import { planPointwise } from '../vector/pointwise-plan.js';
import { WasmBackend } from '../wasm/backend.js';
import { Assembler } from './assembler.js';
import { Frame } from './frame.js';
import { KernelRefusal } from './kernel-refusal.js';
import { X64MachineCode } from './machine-code.js';
import { emitPointwise } from './pointwise-emit.js';

const x = leaf('x');
const types = { inputs: ['float32'], outputs: ['float32'] } as const;
const programOf = (expression: Expression) => pointwiseProgram('refused', [{ name: 'y', expression }]);

/** All of so many values are needed at once; their sum is a tree, because walks along expressions are recursive. */
function manyValues(count: number): Expression {
  const values = Array.from({ length: count }, (_, i) => mul(x, 1 + i / count));
  let terms: Expression[] = values.map((value, i) => mul(value, values[(7 * i + 3) % count]));
  while (terms.length > 1)
    terms = Array.from({ length: Math.ceil(terms.length / 2) }, (_, i) =>
      2 * i + 1 < terms.length ? add(terms[2 * i], terms[2 * i + 1]) : terms[2 * i],
    );
  return terms[0];
}

/** What computes `expression` of a row of numbers. */
function computed(backend: WasmBackend, expression: Expression): number[] {
  const [from, y] = [0, 1].map(() => ({ buffer: backend.allocate(5), offset: 0, rowStride: 5 }));
  backend.write(from, Float32Array.of(1, 2, 3, 4, 5));
  const program = programOf(expression);
  backend.pointwise({ program, rows: 1, columns: 5, inputs: { x: from }, outputs: { y } });
  return [...backend.readNow(y, 5)];
}

function errorOf(action: () => unknown): RondoError {
  try {
    action();
  } catch (error) {
    return error as RondoError;
  }
  throw new Error('nothing was thrown');
}

const bytes = Object.getOwnPropertyDescriptor(Frame.prototype, 'bytes')!.get!;
afterEach(() => void vi.restoreAllMocks());

/** Lets every byte of a frame count as many: what takes megabytes is written for seconds. */
function countBytesAs(factor: number): void {
  vi.spyOn(Frame.prototype, 'bytes', 'get').mockImplementation(function (this: Frame) {
    return factor * bytes.call(this);
  });
}

it('is no kernel that would take more of the stack than there is', () => {
  const emit = (count: number) => () =>
    emitPointwise(new Assembler(), planPointwise(programOf(manyValues(count))), types, 'avx512');
  expect(emit(600)).not.toThrow();
  countBytesAs(100);
  expect(emit(600)).toThrow(KernelRefusal);
  expect(emit(60)).not.toThrow();
});

const { code: here, reason } = machineCodeOf('avx2');
const require = createRequire(import.meta.url);
const { koffi } = findKoffiNow(require);

describe('what cannot be machine code', () => {
  if (here === undefined || koffi === undefined) {
    it.skip(`is computed by WebAssembly (not run: ${reason})`, () => undefined);
    return;
  }
  let hasPages = true;
  /** Gives pages as long as there are some. */
  const sparing: Koffi = {
    address: (data) => koffi.address(data),
    proto: (...given) => koffi.proto(...given),
    decode: (...given) => koffi.decode(...given),
    load: (name) => {
      const library = koffi.load(name);
      return {
        func(declaration) {
          const call = library.func(declaration);
          return /mmap|VirtualAlloc/.test(declaration) ? (...given) => (hasPages ? call(...given) : 0) : call;
        },
      };
    },
  };
  const host = { koffi: sparing, koffiPath: require.resolve('koffi'), platform: process.platform };

  it('is computed by WebAssembly where it would take too much of the stack', () => {
    const code = new X64MachineCode(host, 'avx2');
    countBytesAs(10_000);
    expect(computed(new WasmBackend({ threads: 1 }, undefined, code), mul(x, 3))).toEqual([3, 6, 9, 12, 15]);
    vi.restoreAllMocks();
    expect(code.pointwise(planPointwise(programOf(mul(x, 3))), types)).toBeUndefined();
    expect(code.pointwise(planPointwise(programOf(mul(x, 4))), types)).toBeGreaterThan(0);
  });

  it('is computed by WebAssembly where the system has no pages left, but for products, which say so', () => {
    const code = new X64MachineCode(host, 'avx2');
    const backend = new WasmBackend({ threads: 1 }, undefined, code);
    expect(computed(backend, add(x, 1))).toEqual([2, 3, 4, 5, 6]);
    hasPages = false;
    expect(computed(backend, mul(x, 5))).toEqual([5, 10, 15, 20, 25]);
    const [source, target] = [0, 1].map(() => ({ buffer: backend.allocate(6), offset: 0, rowStride: 2 }));
    backend.fill(source, 6, 7);
    backend.gatherRows({ columns: 2, indices: Int32Array.of(1, -1, 0), source, target });
    expect([...backend.readNow(target, 6)]).toEqual([7, 7, 0, 0, 7, 7]);
    for (const name of ['fill', 'gather']) expect(code.kernel(name)).toBeUndefined();
    expect(
      errorOf(() => backend.matmul({ m: 1, n: 2, k: 2, a: source, b: source, c: target })).message,
    ).toMatchInlineSnapshot(`
      "[OUT_OF_MEMORY] machine code: the system gives the process no pages for kernels.
        fix: let it have more memory or more memory maps (on Linux: sysctl vm.max_map_count), or set RONDO_NATIVE=off."
    `);
    expect(errorOf(() => new WasmBackend({ threads: 1 }, undefined, code)).code).toBe('OUT_OF_MEMORY');
    hasPages = true;
    // What was compiled for WebAssembly stays there.
    expect(computed(backend, add(x, 2))).toEqual([3, 4, 5, 6, 7]);
    expect(code.pointwise(planPointwise(programOf(add(x, 2))), types)).toBeGreaterThan(0);
    expect(code.kernel('fill')).toBeUndefined();
  });
});
