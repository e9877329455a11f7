import { RondoError } from '../errors.js';
import type { MatmulCall, Strided } from '../kernels/contract.js';
import { currentBackend } from '../kernels/select.js';
import { describeShape, sameShape, sizeOf } from '../shape.js';
import { asRows } from './accumulate.js';
import { requireTensors } from './operands.js';
import { operation } from './tape.js';
import { emptyTensor, type Tensor } from './tensor.js';

export interface MatmulOptions {
  /** Whether `a` is stored `[..., k, m]`; not with an `a` of another rank than `b`. Default false. */
  transposeA?: boolean | undefined;
  /** Whether `b` is stored `[..., n, k]`. Default false. */
  transposeB?: boolean | undefined;
}

/**
 * The matrix product `[..., m, k] x [..., k, n] = [..., m, n]`. A `b` of rank 2 multiplies the last axis of `a` of any
 * rank; otherwise both have the same leading axes and are multiplied matrix by matrix.
 *
 * @throws SHAPE_MISMATCH when the inner axes or the leading axes differ.
 */
export function matmul(a: Tensor, b: Tensor, { transposeA = false, transposeB = false }: MatmulOptions = {}): Tensor {
  requireTensors('matmul', [a, b]);
  const [rankA, rankB] = [a.shape.length, b.shape.length];
  const leadingA = a.shape.slice(0, -2);
  // One product for all leading axes together.
  const joined = rankB === 2 && !transposeA;
  const fits = rankB >= 2 && rankA >= 1 && (joined || (rankA === rankB && sameShape(leadingA, b.shape.slice(0, -2))));
  const [rowsB, columnsB] = b.shape.slice(-2);
  const columnsA = a.shape[rankA - 1];
  const rowsA = joined ? sizeOf(a.shape.slice(0, -1)) : a.shape[rankA - 2];
  const [m, k] = transposeA ? [columnsA, rowsA] : [rowsA, columnsA];
  const [innerB, n] = transposeB ? [columnsB, rowsB] : [rowsB, columnsB];
  if (!fits || k !== innerB) {
    throw new RondoError('SHAPE_MISMATCH', {
      where: 'matmul',
      what: 'the operands do not fit together.',
      expected: '[..., m, k] and [..., k, n], with equal leading axes or a second operand of rank 2',
      received: `${describeShape(a.shape)}${transposeA ? ' transposed' : ''} and ${describeShape(b.shape)}${transposeB ? ' transposed' : ''}`,
      fix: 'reshape or transpose one of them.',
    });
  }
  const shape = joined ? [...a.shape.slice(0, -1), n] : [...leadingA, m, n];
  const matrices = joined ? 1 : sizeOf(leadingA);
  const gradientOfA = (dC: Tensor): Tensor => {
    const dA = emptyTensor(a.shape);
    if (transposeA)
      return multiply(matrices, { m: k, n: m, k: n, transposeA: transposeB, transposeB: true }, b, dC, dA);
    return multiply(matrices, { m, n: k, k: n, transposeB: !transposeB }, dC, b, dA);
  };
  const gradientOfB = (dC: Tensor): Tensor => {
    const dB = emptyTensor(b.shape);
    if (transposeB)
      return multiply(matrices, { m: n, n: k, k: m, transposeA: true, transposeB: transposeA }, dC, a, dB);
    return multiply(matrices, { m: k, n, k: m, transposeA: !transposeA }, a, dC, dB);
  };
  const [result] = operation([a, b], () => ({
    outputs: [multiply(matrices, { m, n, k, transposeA, transposeB }, a, b, emptyTensor(shape))],
    backward: ([dC], [wantedA, wantedB]) => [
      dC && wantedA ? gradientOfA(dC) : undefined,
      dC && wantedB ? gradientOfB(dC) : undefined,
    ],
  }));
  return result;
}

type Sizes = Omit<MatmulCall, 'a' | 'b' | 'c'>;

/** Multiplies matrix by matrix; rows are as long as the last axis. */
function multiply(matrices: number, sizes: Sizes, a: Tensor, b: Tensor, c: Tensor): Tensor {
  const backend = currentBackend();
  const [rowsA, rowsB, rowsC] = [a, b, c].map((values) => asRows(values, values.shape[values.shape.length - 1]));
  const at = (rows: Strided, values: Tensor, i: number): Strided => ({
    ...rows,
    offset: rows.offset + (i * values.size) / matrices,
  });
  for (let i = 0; i < matrices; i++)
    backend.matmul({ ...sizes, a: at(rowsA, a, i), b: at(rowsB, b, i), c: at(rowsC, c, i) });
  return c;
}
