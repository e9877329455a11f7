import type { Resolved } from '../../resolved.js';
import type { MatmulCall } from '../contract.js';
import type { Multiply } from './sgemm.js';

const pageBytes = 65536;
/**
 * Not multiples of any tile, and larger than most; two sizes, because libraries have kernels of their own for small
 * products.
 */
const sizes = [
  [5, 7, 11],
  [37, 43, 59],
] as const;
/** Columns that the matrices are ranges of, beyond their own. */
const slack = 3;

/**
 * Compares the library's products with float64 in each form, on a WebAssembly memory: stored or transposed, replacing
 * what stands in c (which may be no number) or adding to it, touching nothing between the rows.
 *
 * @returns what went wrong, or undefined where nothing did
 */
export function faultOf(multiply: Multiply): string | undefined {
  const memory = new Float32Array(new WebAssembly.Memory({ initial: 1 }).buffer);
  for (const [m, n, k] of sizes) {
    for (let form = 0; form < 8; form++) {
      const fault = faultOfForm(multiply, memory, {
        m,
        n,
        k,
        transposeA: (form & 1) !== 0,
        transposeB: (form & 2) !== 0,
        accumulate: (form & 4) !== 0,
      });
      if (fault !== undefined) return fault;
    }
  }
  return undefined;
}

type Form = Resolved<Pick<MatmulCall, 'm' | 'n' | 'k' | 'transposeA' | 'transposeB' | 'accumulate'>>;

function faultOfForm(multiply: Multiply, memory: Float32Array, form: Form): string | undefined {
  const { m, n, k, transposeA, transposeB, accumulate } = form;
  const [rowsA, columnsA] = transposeA ? [k, m] : [m, k];
  const [rowsB, columnsB] = transposeB ? [n, k] : [k, n];
  const [strideA, strideB, strideC] = [columnsA + slack, columnsB + slack, n + slack];
  const firstA = 16;
  const firstB = firstA + rowsA * strideA + 1;
  const firstC = firstB + rowsB * strideB + 1;
  const endC = firstC + m * strideC;
  if (4 * endC > pageBytes) throw new Error('the self-test does not fit into its memory');
  for (let i = 0; i < firstC; i++) memory[i] = ((i * 37) % 101) / 50 - 1;
  for (let i = firstC; i < endC; i++) memory[i] = accumulate ? ((i * 53) % 97) / 48 - 1 : NaN;
  const before = memory.slice(firstC, endC);
  const buffer = { size: memory.length, dtype: 'float32' } as const;
  multiply({
    call: {
      ...form,
      a: { buffer, offset: firstA, rowStride: strideA },
      b: { buffer, offset: firstB, rowStride: strideB },
      c: { buffer, offset: firstC, rowStride: strideC },
    },
    a: 4 * firstA,
    b: 4 * firstB,
    c: 4 * firstC,
    memory,
  });
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < strideC; j++) {
      const at = i * strideC + j;
      const result = memory[firstC + at];
      if (j >= n) {
        if (!Object.is(result, before[at])) return 'it writes beside the result.';
        continue;
      }
      let sum = accumulate ? before[at] : 0;
      let magnitude = Math.abs(sum);
      for (let p = 0; p < k; p++) {
        const product =
          memory[firstA + (transposeA ? p * strideA + i : i * strideA + p)] *
          memory[firstB + (transposeB ? j * strideB + p : p * strideB + j)];
        sum += product;
        magnitude += Math.abs(product);
      }
      if (!(Math.abs(result - sum) <= (k + 2) * 2 ** -24 * magnitude))
        return `it computes ${result} where ${sum} is right.`;
    }
  }
  return undefined;
}
