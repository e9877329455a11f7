import { describe, expect, it } from 'vitest';
import type { RondoError } from '../../errors.js';
import {
  type FunctionBuilder,
  f32,
  f32x4,
  i32,
  i32x4,
  instantiate,
  type Local,
  ModuleBuilder,
  select,
  shuffle,
  type Value,
  v128,
} from './assembler.js';

const memory = new WebAssembly.Memory({ initial: 1 });
const floats = new Float32Array(memory.buffer);
const integers = new Int32Array(memory.buffer);

/** Runs one vector expression over two vectors in memory (bytes 0 and 16) and gives its four lanes. */
function lanes(
  expression: (a: Local<'v128'>, b: Local<'v128'>) => Value<'v128'>,
  a: number[],
  b: number[] = a,
): number[] {
  const module = new ModuleBuilder();
  module.func('run', { params: [] }, (f) => {
    const x = f.let(v128.load(0));
    const y = f.let(v128.load(0, 16));
    f.storeV128(32, expression(x, y));
  });
  floats.set(a, 0);
  floats.set(b, 4);
  instantiate(module.toBytes(), memory).run();
  return [...floats.subarray(8, 12)];
}

/** Runs one scalar expression. */
function scalar(type: 'i32' | 'f32', write: (f: FunctionBuilder) => Value<'i32'> | Value<'f32'>): number {
  const module = new ModuleBuilder();
  module.func('run', { params: [], result: type }, (f) => f.return(write(f)));
  return instantiate(module.toBytes(), memory).run();
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return (error as RondoError).message;
  }
  return 'no error';
}

describe('the assembler', () => {
  it('encodes constants at the edges of LEB128', () => {
    for (const value of [0, 1, -1, 63, 64, -64, -65, 127, 128, 8191, 8192, -8192, -8193, 2147483647, -2147483648]) {
      expect(scalar('i32', () => i32.const(value))).toBe(value);
    }
    for (const value of [0, -0, 1.5, -3.4028234663852886e38, Infinity, NaN]) {
      expect(scalar('f32', () => f32.const(value))).toBe(value);
    }
  });

  it('runs loops, branches and calls', () => {
    const module = new ModuleBuilder();
    const square = module.func('square', { params: ['i32'], result: 'i32' }, (f, x) => f.return(i32.mul(x, x)));
    const note = module.func('note', { params: ['i32'] }, (f, x) => f.storeI32(0, x));
    module.func('sumOfOddSquaresBelow', { params: ['i32'], result: 'i32' }, (f, limit) => {
      const sum = f.local('i32');
      const i = f.local('i32');
      f.for(i, 0, limit, 1, () => {
        f.if(
          i32.and(i, 1),
          () => f.set(sum, i32.add(sum, f.result(square, i))),
          () => f.call(note, i),
        );
      });
      f.return(sum);
    });
    module.func('log2', { params: ['i32'], result: 'i32' }, (f, x) => {
      const bits = f.local('i32');
      f.block((done) =>
        f.loop((again) => {
          f.set(x, i32.shr_u(x, 1));
          f.brIf(done, i32.eqz(x));
          f.set(bits, i32.add(bits, 1));
          f.br(again);
        }),
      );
      f.return(bits);
    });
    const { sumOfOddSquaresBelow, log2 } = instantiate(module.toBytes(), memory);
    expect(sumOfOddSquaresBelow(8)).toBe(1 + 9 + 25 + 49);
    expect(integers[0]).toBe(6);
    expect(sumOfOddSquaresBelow(0)).toBe(0);
    expect(log2(1000)).toBe(9);
  });

  it('computes scalars', () => {
    expect(scalar('i32', () => i32.sub(i32.div_s(i32.shl(7, 4), 3), i32.rem_u(17, 5)))).toBe(35);
    expect(scalar('i32', () => i32.or(i32.xor(12, 10), i32.and(12, 8)))).toBe(14);
    expect(scalar('i32', () => i32.trunc_sat_f32_s(f32.const(1e20)))).toBe(2147483647);
    expect(scalar('f32', () => f32.max(f32.sqrt(f32.abs(-9)), f32.div(1, 4)))).toBe(3);
    expect(scalar('f32', () => f32.reinterpret_i32(0x3f800000))).toBe(1);
    expect(scalar('f32', () => select(f32.const(2), f32.const(5), f32.lt(1, 0)))).toBe(5);
    expect(scalar('f32', () => f32.convert_i32_s(-3))).toBe(-3);
  });

  it('computes vectors of floats', () => {
    const a = [1.5, -2.5, 0, 4];
    const b = [2, -3, 1, 0.5];
    expect(lanes((x, y) => f32x4.add(f32x4.mul(x, y), 1), a, b)).toEqual([4, 8.5, 1, 3]);
    expect(lanes((x, y) => f32x4.div(f32x4.sub(x, y), 2), a, b)).toEqual([-0.25, 0.25, -0.5, 1.75]);
    expect(lanes((x, y) => f32x4.min(x, y), a, b)).toEqual([1.5, -3, 0, 0.5]);
    expect(lanes((x, y) => f32x4.pmax(x, y), a, b)).toEqual([2, -2.5, 1, 4]);
    expect(lanes((x) => f32x4.sqrt(f32x4.abs(f32x4.neg(x))), [4, -9, 0, 16])).toEqual([2, 3, 0, 4]);
    expect(lanes((x) => f32x4.floor(x), a)).toEqual([1, -3, 0, 4]);
    expect(lanes((x) => f32x4.nearest(x), a)).toEqual([2, -2, 0, 4]);
    expect(lanes((x) => f32x4.trunc(x), a)).toEqual([1, -2, 0, 4]);
    expect(lanes((x) => f32x4.convert_i32x4_s(i32x4.trunc_sat_f32x4_s(x)), [1.9, -1.9, 3e9, NaN])).toEqual([
      1, -1, 2147483648, 0,
    ]);
    expect(lanes((x, y) => v128.bitselect(x, y, f32x4.gt(x, y)), a, b)).toEqual([2, -2.5, 1, 4]);
    expect(lanes((x) => f32x4.replace_lane(x, 2, f32x4.extract_lane(x, 3)), a)).toEqual([1.5, -2.5, 4, 4]);
    expect(lanes(() => f32x4.const(1, 2, 3, 4), a)).toEqual([1, 2, 3, 4]);
    expect(lanes((x) => f32x4.splat(f32x4.extract_lane(x, 1)), a)).toEqual([-2.5, -2.5, -2.5, -2.5]);
  });

  it('computes vectors of integers and bits', () => {
    const exponent = (x: Value<'v128'>): Value<'v128'> => f32x4.convert_i32x4_s(i32x4.sub(i32x4.shr_u(x, 23), 127));
    expect(lanes(exponent, [1, 2, 0.25, 9])).toEqual([0, 1, -2, 3]);
    expect(lanes((x) => v128.and(x, 0x7fffffff), [-1, 2, -3, 4])).toEqual([1, 2, 3, 4]);
    expect(lanes((x) => v128.andnot(x, i32x4.const(-2147483648)), [-1, 2, -3, 4])).toEqual([1, 2, 3, 4]);
    expect(lanes((x) => i32x4.add(x, i32x4.shl(i32x4.const(3), 23)), [1, 2, 3, 4])).toEqual([8, 16, 24, 32]);
    expect(lanes((x, y) => shuffle(x, y, [0, 4, 3, 7]), [1, 2, 3, 4], [5, 6, 7, 8])).toEqual([1, 5, 4, 8]);
    expect(scalar('i32', () => i32x4.extract_lane(i32x4.mul(i32x4.splat(i32.const(6)), 7), 2))).toBe(42);
    expect(scalar('i32', () => v128.any_true(i32x4.eq(i32x4.const(1, 2, 3, 4), 3)))).toBe(1);
  });

  it('loads and stores parts of vectors', () => {
    floats.set([1, 2, 3, 4], 0);
    const module = new ModuleBuilder();
    module.func('run', { params: [] }, (f) => {
      const a = f.let(v128.load(0));
      f.storeV128(64, v128.load32_splat(0, 8));
      f.storeV128(80, v128.load32_zero(4));
      f.storeV128(96, v128.load64_zero(4));
      f.storeV128(112, 0);
      f.storeLane(112, a, 3);
      f.storePair(112, a, 1, 8);
      f.storeV128(128, v128.load32_lane(0, a, 3));
      f.copyMemory(144, 0, 8);
      f.fillMemory(152, 0, 8);
    });
    floats.fill(9, 16, 40);
    instantiate(module.toBytes(), memory).run();
    expect([...floats.subarray(16, 40)]).toEqual([
      3, 3, 3, 3, 2, 0, 0, 0, 2, 3, 0, 0, 4, 0, 3, 4, 1, 2, 3, 1, 1, 2, 0, 0,
    ]);
  });

  it('imports a shared memory of the given size', () => {
    const shared = new WebAssembly.Memory({ initial: 1, maximum: 3, shared: true });
    const module = new ModuleBuilder({ sharedMemory: true, maximumPages: 3 });
    module.func('run', { params: [] }, (f) => f.storeF32(0, 2.5));
    instantiate(module.toBytes(), shared).run();
    expect(new Float32Array(shared.buffer)[0]).toBe(2.5);
  });

  it('refuses wrong types, double use, strange locals and closed labels', () => {
    const inFunction = (write: (f: FunctionBuilder) => void): string =>
      codeOf(() => new ModuleBuilder().func('wrong', { params: ['i32'] }, write));
    expect(
      inFunction((f) => f.set(f.local('v128'), f32x4.mul(f.params[0] as Local<'v128'>, 2))),
    ).toMatchInlineSnapshot(`
      "[INTERNAL] assembler, f32x4.mul: an operand has the wrong type.
        expected: v128
        received: i32 (\`local 0\`)
        fix: convert it, or use the instruction of its type."
    `);
    expect(
      inFunction((f) => {
        const sum = f32x4.add(1, 2);
        f.storeV128(0, f32x4.mul(sum, sum));
      }),
    ).toMatchInlineSnapshot(`
      "[INTERNAL] assembler, function wrong: the value \`f32x4.add\` is used twice, which would compute it twice.
        fix: put it in a local with f.let and use the local."
    `);
    expect(
      inFunction((f) => {
        let other!: Local<'i32'>;
        new ModuleBuilder().func('stranger', { params: ['i32'] }, (_, x) => {
          other = x;
        });
        f.storeI32(0, other);
      }),
    ).toMatchInlineSnapshot(`
      "[INTERNAL] assembler, function wrong: a local of function stranger is used here.
        fix: pass it as a parameter."
    `);
    expect(
      inFunction((f) => {
        f.block((exit) => f.block(() => (closed = exit)));
        f.br(closed);
      }),
    ).toMatchInlineSnapshot(`"[INTERNAL] assembler, function wrong: a jump to a block that is not open here."`);
    expect(inFunction((f) => f.return(1))).toContain('[INTERNAL]');
    expect(codeOf(() => shuffle(f32x4.const(0), f32x4.const(0), [0, 1, 2, 8]))).toContain('no such lane');
    expect(codeOf(() => instantiate(new Uint8Array([0, 97, 115, 109]), memory))).toContain('[INTERNAL]');
  });

  it('says what a function with too many variables wants', () => {
    const module = new ModuleBuilder();
    module.func('large', { params: [] }, (f) => {
      for (let i = 0; i <= 50_000; i++) f.local('v128');
    });
    expect(
      codeOf(() => instantiate(module.toBytes(), memory)).replace(/received: .*/, 'received: ...'),
    ).toMatchInlineSnapshot(`
      "[OUT_OF_RANGE] wasm backend: an expression has more values than one kernel can hold.
        received: ...
        fix: compute it by several operations."
    `);
  });
});

let closed: Parameters<FunctionBuilder['br']>[0];
