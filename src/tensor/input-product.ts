import type { Strided } from '../kernels/contract.js';
import { currentBackend } from '../kernels/select.js';
import type { RecurrentArguments } from './recurrent-arguments.js';
import { emptyTensor, type Tensor } from './tensor.js';

/**
 * The product of all steps' inputs with the input kernel, which may be that of two: first with a projection to its rank.
 * Shapes: N packed rows, F features.
 */
export class InputProduct {
  readonly #backend = currentBackend();
  readonly #factors: readonly (readonly [role: string, weight: Tensor])[];
  /** U. */
  readonly #units: number;
  /** What each factor multiplies, `[N, ...]`. */
  readonly #operands: Tensor[];

  /** @param input `[N, F]` */
  constructor(input: Tensor, { kernel, inputProjection, units }: RecurrentArguments) {
    this.#units = units;
    this.#operands = [input];
    this.#factors = [
      ...(inputProjection === undefined ? [] : [['inputProjection', inputProjection] as const]),
      ['kernel', kernel],
    ];
  }

  /** Writes it, `[N, gates * units]`. */
  write(result: Strided): void {
    const last = this.#factors.length - 1;
    for (const [i, [, weight]] of this.#factors.entries()) {
      const operand = this.#operands[i];
      const [m, [k, n]] = [operand.shape[0], weight.shape];
      if (i < last) this.#operands[i + 1] = emptyTensor([m, n]);
      const product = { m, n, a: this.#rows(operand), c: i < last ? this.#rows(this.#operands[i + 1]) : result };
      const matrix = weight.weightsForProducts(this.#backend)?.placedOn(this.#backend, i < last ? n : this.#units)?.[0];
      if (matrix === undefined) this.#backend.matmul({ ...product, k, b: this.#rows(weight) });
      else this.#backend.compressedMatmul({ ...product, matrix, firstColumn: 0 });
    }
  }

  /** From dL/d(product), by role, the gradients that are wanted; that of `input` is `[N, F]`. */
  gradients(dResult: Strided, wanted: ReadonlySet<string>): Map<string, Tensor> {
    const found = new Map<string, Tensor>();
    const roles = ['input', ...this.#factors.map(([role]) => role)];
    let dProduct = dResult;
    for (let i = this.#factors.length - 1; i >= 0; i--) {
      const [role, weight] = this.#factors[i];
      const operand = this.#operands[i];
      const [m, [k, n]] = [operand.shape[0], weight.shape];
      if (wanted.has(role)) {
        const dWeight = emptyTensor(weight.shape);
        const c = this.#rows(dWeight);
        this.#backend.matmul({ m: k, n, k: m, a: this.#rows(operand), transposeA: true, b: dProduct, c });
        found.set(role, dWeight);
      }
      if (!roles.slice(0, i + 1).some((before) => wanted.has(before))) break;
      const dOperand = emptyTensor(operand.shape);
      const c = this.#rows(dOperand);
      this.#backend.matmul({ m, n: k, k: n, a: dProduct, b: this.#rows(weight), transposeB: true, c });
      dProduct = c;
      if (i === 0) found.set('input', dOperand);
    }
    return found;
  }

  #rows(values: Tensor): Strided {
    return { ...values.viewOn(this.#backend), rowStride: values.shape[1] };
  }
}
