import type { Backend, Strided } from '../contract.js';
import { inScope } from '../in-scope.js';
import type { StepCall, StepStrided, StepStridedMatmulCall, StepStridedPointwiseCall } from '../sequence/loop-host.js';
import type { AttentionBackwardCall, AttentionCall } from './attention-call.js';
import { type BlockOfHeads, runHeads } from './heads.js';
import { normalise, type ScorePrograms, scaleGradient, scorePrograms } from './programs.js';

/**
 * Attention as loops of products and pointwise programs, head after head, so that the scores of a head are worked on
 * while they are in the cache: what Dao et al. 2022, "FlashAttention: fast and memory-efficient exact attention with
 * IO-awareness", do inside of one kernel. Outputs are normalised in the place of weights, since they are fewer numbers.
 */
export function attentionForward(backend: Backend, call: AttentionCall): void {
  const { numKeys, valueDepth, kept } = call;
  inScope(backend, () => {
    const scores = new Scores(backend, call);
    const ones: Strided = { buffer: backend.temporary(numKeys), offset: 0, rowStride: numKeys };
    backend.fill(ones, numKeys, 1);
    runHeads(backend, call, (scratch) => {
      // The products never leave the cache.
      const products = scratch(numKeys);
      const exponentials = kept?.exponentials ?? products;
      const dropped = call.dropoutMask && scratch(numKeys);
      const [largests, sums] = [kept?.largest ?? scratch(1), kept?.sums ?? scratch(1)];
      return (block) => {
        const { numQueries: m, numKeys: n } = block;
        const [ofProducts, exponential] = [products, exponentials].map((of) => block.queries(of));
        const weight = dropped === undefined ? exponential : block.queries(dropped);
        const [largest, sum, output] = [largests, sums, call.output].map((of) => block.queries(of));
        return [
          scores.product(block, ofProducts),
          scores.program(block, 'largest', { product: ofProducts }, { largest }),
          scores.program(block, 'exponentials', { product: ofProducts, largest }, { exponential, dropped: weight }),
          // A product with ones is the fastest sum along rows.
          product({ m: 1, n: m, k: n, a: ones, b: exponential, transposeB: true, c: { ...sum, rowStride: m } }),
          product({ m, n: valueDepth, k: n, a: weight, b: block.keys(call.value), c: output }),
          program({ program: normalise, rows: m, columns: valueDepth, inputs: { output, sum }, outputs: { output } }),
        ];
      };
    });
  });
}

/**
 * The derivatives, with P for the weights and M for the dropout mask:
 *
 *     dValue = (M P)' dOutput
 *     dProduct = scale P (M (dOutput value') - mean),   dQuery = dProduct key,   dKey = dProduct' query
 *
 * where `mean` of a query, that of the derivatives by its weights, is the sum of dOutput output over its values (Dao et
 * al. 2022, appendix B.2). The normaliser in P is multiplied to dOutput, which has fewer numbers.
 */
export function attentionBackward(backend: Backend, call: AttentionBackwardCall): void {
  const { numKeys, depth, valueDepth, kept, dQuery, dKey, dValue } = call;
  inScope(backend, () => {
    const scores = new Scores(backend, call);
    runHeads(backend, call, (scratch) => {
      const exponentials = kept.exponentials ?? scratch(numKeys);
      const dropped = call.dropoutMask && scratch(numKeys);
      const [dScaledOutputs, means, dProducts] = [valueDepth, 1, numKeys].map((columns) => scratch(columns));
      return (block) => {
        const { numQueries: m, numKeys: n } = block;
        const exponential = block.queries(exponentials);
        const weight = dropped === undefined ? exponential : block.queries(dropped);
        const [dScaled, mean, dProduct] = [dScaledOutputs, means, dProducts].map((of) => block.queries(of));
        const [output, dOutput, sum] = [call.output, call.dOutput, kept.sums].map((of) => block.queries(of));
        const ofKeys = { m: n, k: m, transposeA: true, accumulate: !block.isFirst };
        const calls: StepCall[] = [];
        if (kept.exponentials === undefined) {
          const inputs = { product: exponential, largest: block.queries(kept.largest) };
          calls.push(
            scores.product(block, exponential),
            scores.program(block, 'exponentials', inputs, { exponential, dropped: weight }),
          );
        }
        calls.push(
          program({
            program: scaleGradient,
            rows: m,
            columns: valueDepth,
            inputs: { output, dOutput, sum },
            outputs: { dScaled, mean },
          }),
        );
        if ((dQuery ?? dKey ?? dropped) !== undefined)
          calls.push(
            product({ m, n, k: valueDepth, a: dScaled, b: block.keys(call.value), transposeB: true, c: dProduct }),
            scores.program(block, 'dProducts', { exponential, dWeight: dProduct, mean }, { dProduct, dropped: weight }),
          );
        if (dQuery !== undefined)
          calls.push(product({ m, n: depth, k: n, a: dProduct, b: block.keys(call.key), c: block.queries(dQuery) }));
        if (dKey !== undefined)
          calls.push(product({ ...ofKeys, n: depth, a: dProduct, b: block.queries(call.query), c: block.keys(dKey) }));
        if (dValue !== undefined)
          calls.push(product({ ...ofKeys, n: valueDepth, a: weight, b: dScaled, c: block.keys(dValue) }));
        return calls;
      };
    });
  });
}

type Views = Readonly<Record<string, StepStrided>>;

/** The calls over the scores of a block. */
class Scores {
  readonly #call: AttentionCall;
  readonly #programs: ScorePrograms;
  /** 0, 1, ... where a causal mask compares them. */
  readonly #indices: Strided | undefined;

  constructor(backend: Backend, call: AttentionCall) {
    this.#call = call;
    this.#programs = scorePrograms(call);
    if (!call.isCausal) return;
    const count = Math.max(call.numQueries, call.numKeys);
    this.#indices = { buffer: backend.temporary(count), offset: 0, rowStride: 1 };
    backend.write(
      this.#indices,
      Float32Array.from({ length: count }, (_, i) => i),
    );
  }

  /** `query key'` */
  product(block: BlockOfHeads, c: StepStrided): StepCall {
    const { query, key, depth } = this.#call;
    const { numQueries: m, numKeys: n } = block;
    return product({ m, n, k: depth, a: block.queries(query), b: block.keys(key), transposeB: true, c });
  }

  /** A program, which takes of masks, inputs and outputs what it knows. */
  program(block: BlockOfHeads, name: keyof ScorePrograms, inputs: Views, outputs: Views): StepCall {
    const { mask, dropoutMask, scale } = this.#call;
    const indices = this.#indices;
    const masks = {
      ...(mask && { mask: block.queries(mask) }),
      ...(dropoutMask && { dropoutMask: block.queries(dropoutMask) }),
      ...(indices && { keyIndex: indices, queryIndex: { ...indices, offset: block.firstQuery } }),
    };
    return program({
      program: this.#programs[name],
      rows: block.numQueries,
      columns: block.numKeys,
      inputs: { ...inputs, ...masks },
      outputs,
      scalars: { scale },
    });
  }
}

const product = (call: StepStridedMatmulCall): StepCall => ({ kind: 'matmul', call });
const program = (call: StepStridedPointwiseCall): StepCall => ({ kind: 'pointwise', call });
