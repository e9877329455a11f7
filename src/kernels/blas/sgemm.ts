import type { PlacedProduct } from '../acceleration.js';
import type { MatmulCall } from '../contract.js';
import type { Koffi, NativeLibrary } from '../koffi.js';

/**
 * What CBLAS calls things, fixed by its standard (Blackford et al. 2002, "An Updated Set of Basic Linear Algebra
 * Subprograms").
 */
const rowMajor = 101;
const [asStored, transposed] = [111, 112];

/**
 * Pointers are declared as integers: addresses of a process fit into the 53 bits of a number, and a number costs less
 * to pass than a view made for each call.
 */
const declaration =
  'void cblas_sgemm(int, int, int, int, int, int, float, uintptr_t, int, uintptr_t, int, float, uintptr_t, int)';

/** One of the contract's products, by a library. m, n and k are at least 1. */
export type Multiply = (product: PlacedProduct) => void;

/** Binds the library's single-precision product. @throws where the library has none */
export function bindMultiply(koffi: Koffi, library: NativeLibrary): Multiply {
  const sgemm = library.func(declaration);
  let memory: Float32Array | undefined;
  let base = 0;
  return ({ call, a, b, c, memory: current }) => {
    if (current !== memory) {
      memory = current;
      base = Number(koffi.address(current)) - current.byteOffset;
    }
    const { m, n, k, transposeA = false, transposeB = false, accumulate = false } = call;
    const [strideA, strideB, strideC] = stridesOf(call);
    sgemm(
      rowMajor,
      transposeA ? transposed : asStored,
      transposeB ? transposed : asStored,
      m,
      n,
      k,
      1,
      base + a,
      strideA,
      base + b,
      strideB,
      accumulate ? 1 : 0,
      base + c,
      strideC,
    );
  };
}

/** CBLAS wants a stride of at least a row's length even where there is only one row. */
function stridesOf({ m, n, k, a, b, c, transposeA, transposeB }: MatmulCall): [number, number, number] {
  const atLeast = (stride: number, rows: number, columns: number): number =>
    rows === 1 ? Math.max(stride, columns) : stride;
  return [
    transposeA ? atLeast(a.rowStride, k, m) : atLeast(a.rowStride, m, k),
    transposeB ? atLeast(b.rowStride, n, k) : atLeast(b.rowStride, k, n),
    atLeast(c.rowStride, m, n),
  ];
}
