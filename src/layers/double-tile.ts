import { i32, instantiate, type Local, ModuleBuilder, type Value, v128 } from '../kernels/wasm/assembler.js';
import { hasSimd } from '../kernels/wasm/features.js';
import { instruction } from '../kernels/wasm/values.js';

/** `c[4, 4] += a[depth, 4]' b[depth, 4]`, all three contiguous, given by their places in the heap. */
export type AddTile = (a: number, b: number, depth: number, c: number) => void;

/** Memory for products of matrices in double precision, with their innermost product. */
export interface TileHeap {
  readonly heap: Float64Array;
  readonly addTile: AddTile;
}

/**
 * A zeroed heap; the next call may give the same memory again. Both kinds round every product and every sum once, in
 * the same order, so they give the same bits.
 *
 * @param kind `vector` (the default where WebAssembly SIMD is there) or plain TypeScript.
 */
export function tileHeap(size: number, kind: 'vector' | 'scalar' = hasSimd() ? 'vector' : 'scalar'): TileHeap {
  if (kind === 'scalar') return scalarHeap(size);
  if (8 * size > KEPT_BYTES) return vectorHeap(size);
  kept ??= vectorHeap(KEPT_BYTES / 8);
  kept.heap.fill(0, 0, size);
  return kept;
}

/** Every memory reserves gigabytes of addresses until it is collected, so small work shares one. */
const KEPT_BYTES = 4 << 20;
let kept: TileHeap | undefined;

function vectorHeap(size: number): TileHeap {
  const memory = new WebAssembly.Memory({ initial: Math.ceil((8 * size) / 65536) });
  const { addTile } = instantiate((vectorCode ??= vectorModule()), memory);
  return {
    heap: new Float64Array(memory.buffer, 0, size),
    addTile: (a, b, depth, c) => void addTile(8 * a, 8 * b, depth, 8 * c),
  };
}

let vectorCode: Uint8Array<ArrayBuffer> | undefined;

/** Two columns of c a vector: eight sums stay in registers, each row of a is read as four splats. */
function vectorModule(): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  module.func('addTile', { params: ['i32', 'i32', 'i32', 'i32'] }, (f, a, b, depth, c) => {
    const sums = Array.from({ length: 8 }, () => f.local('v128'));
    const end = f.let(i32.add(a, i32.shl(depth, 5)));
    f.while(i32.lt_u(a, end), () => {
      const halves: Local<'v128'>[] = [f.let(v128.load(b)), f.let(v128.load(b, 16))];
      for (let row = 0; row < 4; row++) {
        const factor = f.let(load64Splat(a, 8 * row));
        halves.forEach((half, i) =>
          f.set(sums[2 * row + i], f64x2('add', 0xf0, sums[2 * row + i], f64x2('mul', 0xf2, factor, half))),
        );
      }
      f.set(a, i32.add(a, 32));
      f.set(b, i32.add(b, 32));
    });
    sums.forEach((sum, i) => f.storeV128(c, f64x2('add', 0xf0, v128.load(c, 16 * i), sum), 16 * i));
  });
  return module.toBytes();
}

type V128 = Value<'v128'>;

function f64x2(name: string, op: number, a: V128, b: V128): V128 {
  return instruction('v128', `f64x2.${name}`, [a, b], ['v128', 'v128'], (code) => {
    code.u8(0xfd);
    code.u32(op);
  });
}

function load64Splat(address: Value<'i32'>, offset: number): V128 {
  return instruction('v128', 'v128.load64_splat', [address], ['i32'], (code) => code.bytes([0xfd, 0x0a, 2, offset]));
}

function scalarHeap(size: number): TileHeap {
  const heap = new Float64Array(size);
  const addTile: AddTile = (a, b, depth, c) => {
    let c00 = 0,
      c01 = 0,
      c02 = 0,
      c03 = 0,
      c10 = 0,
      c11 = 0,
      c12 = 0,
      c13 = 0;
    let c20 = 0,
      c21 = 0,
      c22 = 0,
      c23 = 0,
      c30 = 0,
      c31 = 0,
      c32 = 0,
      c33 = 0;
    const end = a + 4 * depth;
    for (let i = a, j = b; i < end; i += 4, j += 4) {
      const a0 = heap[i],
        a1 = heap[i + 1],
        a2 = heap[i + 2],
        a3 = heap[i + 3];
      const b0 = heap[j],
        b1 = heap[j + 1],
        b2 = heap[j + 2],
        b3 = heap[j + 3];
      c00 += a0 * b0;
      c10 += a1 * b0;
      c20 += a2 * b0;
      c30 += a3 * b0;
      c01 += a0 * b1;
      c11 += a1 * b1;
      c21 += a2 * b1;
      c31 += a3 * b1;
      c02 += a0 * b2;
      c12 += a1 * b2;
      c22 += a2 * b2;
      c32 += a3 * b2;
      c03 += a0 * b3;
      c13 += a1 * b3;
      c23 += a2 * b3;
      c33 += a3 * b3;
    }
    heap[c] += c00;
    heap[c + 1] += c01;
    heap[c + 2] += c02;
    heap[c + 3] += c03;
    heap[c + 4] += c10;
    heap[c + 5] += c11;
    heap[c + 6] += c12;
    heap[c + 7] += c13;
    heap[c + 8] += c20;
    heap[c + 9] += c21;
    heap[c + 10] += c22;
    heap[c + 11] += c23;
    heap[c + 12] += c30;
    heap[c + 13] += c31;
    heap[c + 14] += c32;
    heap[c + 15] += c33;
  };
  return { heap, addTile };
}
