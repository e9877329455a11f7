import { RondoError } from '../errors.js';
import type { PlacedMatrix } from '../kernels/contract.js';
import { currentBackend } from '../kernels/select.js';
import { broadcastOf, describeShape, sizeOf } from '../shape.js';
import { asRows } from './accumulate.js';
import { multiplyMatrices } from './matrix-batches.js';
import { requireTensors } from './operands.js';
import { operation } from './tape.js';
import { emptyTensor, type Tensor } from './tensor.js';

export interface MatmulOptions {
  /** Whether `a` is stored `[..., k, m]`. Default false. */
  transposeA?: boolean | undefined;
  /** Whether `b` is stored `[..., n, k]`. Default false. */
  transposeB?: boolean | undefined;
}

/**
 * The matrix product `[..., m, k] x [..., k, n] = [..., m, n]`, matrix by matrix; leading axes broadcast as in NumPy,
 * and what is repeated is not copied. A `b` of rank 2 multiplies the last axis of `a` of any rank, also of a vector.
 *
 * @throws SHAPE_MISMATCH when the inner axes differ or the leading axes do not broadcast.
 */
export function matmul(a: Tensor, b: Tensor, { transposeA = false, transposeB = false }: MatmulOptions = {}): Tensor {
  requireTensors('matmul', [a, b]);
  const [rankA, rankB] = [a.shape.length, b.shape.length];
  const leadingA = a.shape.slice(0, -2);
  // One product for all leading axes together.
  const joined = rankB === 2 && !transposeA;
  const leading = broadcastOf(leadingA, b.shape.slice(0, -2));
  const fits = rankB >= 2 && rankA >= (joined ? 1 : 2);
  const [rowsB, columnsB] = b.shape.slice(-2);
  const columnsA = a.shape[rankA - 1];
  const rowsA = joined ? sizeOf(a.shape.slice(0, -1)) : a.shape[rankA - 2];
  const [m, k] = transposeA ? [columnsA, rowsA] : [rowsA, columnsA];
  const [innerB, n] = transposeB ? [columnsB, rowsB] : [rowsB, columnsB];
  if (!fits || leading === undefined || k !== innerB) {
    throw new RondoError('SHAPE_MISMATCH', {
      where: 'matmul',
      what: 'the operands do not fit together.',
      expected: '[..., m, k] and [..., k, n], with leading axes that are equal, 1 or missing, aligned at the last',
      received:
        `${describeShape(a.shape)}${transposeA ? ' transposed' : ''} and ` +
        `${describeShape(b.shape)}${transposeB ? ' transposed' : ''}`,
      fix: 'reshape or transpose one of them.',
    });
  }
  const shape = joined ? [...a.shape.slice(0, -1), n] : [...leading, m, n];
  const axes = joined ? [] : leading;
  const gradientOfA = (dC: Tensor): Tensor => {
    const dA = emptyTensor(a.shape);
    if (transposeA)
      return multiplyMatrices(axes, { m: k, n: m, k: n, transposeA: transposeB, transposeB: true }, b, dC, dA);
    return multiplyMatrices(axes, { m, n: k, k: n, transposeB: !transposeB }, dC, b, dA);
  };
  const gradientOfB = (dC: Tensor): Tensor => {
    const dB = emptyTensor(b.shape);
    if (transposeB)
      return multiplyMatrices(axes, { m: n, n: k, k: m, transposeA: true, transposeB: transposeA }, dC, a, dB);
    return multiplyMatrices(axes, { m: k, n, k: m, transposeA: !transposeA }, a, dC, dB);
  };
  const backend = currentBackend();
  const smaller = joined ? b.weightsForProducts(backend) : undefined;
  const [placed] = (smaller?.form === (transposeB ? 'table' : 'matrix') && smaller.placedOn(backend, n)) || [];
  const product = (): Tensor =>
    placed !== undefined
      ? multiplyCompressed(a, placed, emptyTensor(shape))
      : multiplyMatrices(axes, { m, n, k, transposeA, transposeB }, a, b, emptyTensor(shape));
  const [result] = operation([a, b], () => ({
    outputs: [product()],
    backward: ([dC], [wantedA, wantedB]) => [
      dC && wantedA ? gradientOfA(dC) : undefined,
      dC && wantedB ? gradientOfB(dC) : undefined,
    ],
  }));
  return result;
}

/** Rows of `a`, whatever axes they are in, times the one matrix of compressed weights. */
function multiplyCompressed(a: Tensor, matrix: PlacedMatrix, c: Tensor): Tensor {
  const { k, n } = matrix.matrix;
  currentBackend().compressedMatmul({ m: c.size / n, n, a: asRows(a, k), matrix, firstColumn: 0, c: asRows(c, n) });
  return c;
}
