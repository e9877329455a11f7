import { RondoError } from '../errors.js';
import type { MatmulCall, Strided } from '../kernels/contract.js';
import { currentBackend } from '../kernels/select.js';
import { describeShape, sizeOf } from '../shape.js';
import { operation } from './tape.js';
import { emptyTensor, type Tensor } from './tensor.js';

export interface MatmulOptions {
  /** Whether `a` is stored `[..., k, m]`. */
  transposeA?: boolean;
  /** Whether `b` is stored `[..., n, k]`. */
  transposeB?: boolean;
}

/**
 * The matrix product. `b` of rank 2 multiplies the last axis of `a` of any rank; otherwise both have the same leading
 * axes and are multiplied matrix by matrix.
 *
 * @throws SHAPE_MISMATCH when the inner axes differ.
 */
export function matmul(a: Tensor, b: Tensor, { transposeA = false, transposeB = false }: MatmulOptions = {}): Tensor {
  const joined = b.shape.length === 2 && !transposeA;
  const matrices = joined ? 1 : sizeOf(a.shape.slice(0, -2));
  const [rowsA, columnsA] = joined ? [sizeOf(a.shape.slice(0, -1)), a.shape.at(-1)!] : [a.shape.at(-2)!, a.shape.at(-1)!];
  const [rowsB, columnsB] = [b.shape.at(-2)!, b.shape.at(-1)!];
  const m = transposeA ? columnsA : rowsA;
  const k = transposeA ? rowsA : columnsA;
  const n = transposeB ? rowsB : columnsB;
  const innerB = transposeB ? columnsB : rowsB;
  const sameBatch = joined || (a.shape.length === b.shape.length && a.shape.slice(0, -2).every((axis, i) => axis === b.shape[i]));
  if (a.shape.length < 1 || b.shape.length < 2 || k !== innerB || !sameBatch) {
    throw new RondoError('SHAPE_MISMATCH', { where: 'matmul', what: 'the operands do not fit together.', expected: `an inner axis of ${k} in both, and equal leading axes`, received: `${describeShape(a.shape)}${transposeA ? ' transposed' : ''} and ${describeShape(b.shape)}${transposeB ? ' transposed' : ''}`, fix: 'reshape or transpose one of them.' });
  }
  const shape = joined ? [...a.shape.slice(0, -1), n] : [...a.shape.slice(0, -2), m, n];
  const [result] = operation([a, b], () => {
    const c = emptyTensor(shape);
    multiply(matrices, { m, n, k, transposeA, transposeB }, [a, columnsA], [b, columnsB], [c, n]);
    return {
      outputs: [c],
      backward: ([dC], [wantedA, wantedB]) => {
        if (dC === undefined) return [undefined, undefined];
        return [wantedA ? gradientOfA(dC) : undefined, wantedB ? gradientOfB(dC) : undefined];
      },
    };
  });
  const gradientOfA = (dC: Tensor): Tensor => {
    const dA = emptyTensor(a.shape);
    if (transposeA) multiply(matrices, { m: k, n: m, k: n, transposeA: transposeB, transposeB: true }, [b, columnsB], [dC, n], [dA, columnsA]);
    else multiply(matrices, { m, n: k, k: n, transposeA: false, transposeB: !transposeB }, [dC, n], [b, columnsB], [dA, columnsA]);
    return dA;
  };
  const gradientOfB = (dC: Tensor): Tensor => {
    const dB = emptyTensor(b.shape);
    if (transposeB) multiply(matrices, { m: n, n: k, k: m, transposeA: true, transposeB: transposeA }, [dC, n], [a, columnsA], [dB, columnsB]);
    else multiply(matrices, { m: k, n, k: m, transposeA: !transposeA, transposeB: false }, [a, columnsA], [dC, n], [dB, columnsB]);
    return dB;
  };
  return result;
}

type Matrices = readonly [values: Tensor, rowStride: number];

function multiply(matrices: number, sizes: Omit<MatmulCall, 'a' | 'b' | 'c'>, a: Matrices, b: Matrices, c: Matrices): void {
  const backend = currentBackend();
  const at = ([values, rowStride]: Matrices, i: number): Strided => {
    const view = values.viewOn(backend);
    return { buffer: view.buffer, offset: view.offset + (i * values.size) / matrices, rowStride };
  };
  for (let i = 0; i < matrices; i++) backend.matmul({ ...sizes, a: at(a, i), b: at(b, i), c: at(c, i) });
}
