import { describe, expect, it } from 'vitest';
import { Random } from '../../random.js';
import type { Backend } from '../contract.js';
import { createReferenceBackend } from '../reference/backend.js';
import { createWasmBackend } from '../wasm/backend.js';
import { attentionBackward, attentionForward } from './attention.js';
import type { AttentionCall, HeadMatrices, ScoreValues } from './attention-call.js';

const sizes = { batch: 2, heads: 3, numQueries: 131, numKeys: 137, depth: 5, valueDepth: 7 };

/** Heads one behind the other, each `[rows, columns]`. */
function matrices(
  backend: Backend,
  rows: number,
  columns: number,
  value: () => number = () => Number.NaN,
): HeadMatrices {
  const { batch, heads } = sizes;
  const view = { buffer: backend.temporary(batch * heads * rows * columns), offset: 0 };
  backend.write(view, Float32Array.from({ length: batch * heads * rows * columns }, value));
  return { ...view, rowStride: columns, headStride: rows * columns, batchStride: heads * rows * columns };
}

/** Output and gradients, with the exponentials kept or not. */
function results(backend: Backend, isKept: boolean, hasDropout: boolean): (Float32Array | Float64Array)[] {
  const { numQueries, numKeys, depth, valueDepth } = sizes;
  const random = new Random(7);
  const normal = (): number => random.normal();
  backend.openScope();
  const of = (rows: number, columns: number): HeadMatrices => matrices(backend, rows, columns);
  const masks: Pick<AttentionCall, 'mask' | 'dropoutMask'> = {
    mask: {
      ...matrices(backend, 1, numKeys, () => Number(random.uniform() < 0.7)),
      rowStride: 0,
      access: 'column',
    } satisfies ScoreValues,
    ...(hasDropout && {
      dropoutMask: {
        ...matrices(backend, numQueries, numKeys, () => 2 * Number(random.uniform() < 0.5)),
        access: 'element',
      },
    }),
  };
  const call: AttentionCall = {
    ...sizes,
    ...masks,
    query: matrices(backend, numQueries, depth, normal),
    key: matrices(backend, numKeys, depth, normal),
    value: matrices(backend, numKeys, valueDepth, normal),
    output: of(numQueries, valueDepth),
    scale: 0.6,
    isCausal: true,
  };
  const kept = {
    largest: of(numQueries, 1),
    sums: of(numQueries, 1),
    exponentials: isKept ? of(numQueries, numKeys) : undefined,
  };
  attentionForward(backend, { ...call, kept });
  const gradients = { dQuery: of(numQueries, depth), dKey: of(numKeys, depth), dValue: of(numKeys, valueDepth) };
  const dOutput = matrices(backend, numQueries, valueDepth, normal);
  attentionBackward(backend, { ...call, kept, dOutput, ...gradients });
  const read = [call.output, ...Object.values(gradients)].map((view) => backend.readNow!(view, view.buffer.size));
  backend.closeScope();
  return read;
}

describe.each([
  { title: 'wasm', make: () => createWasmBackend({ threads: 1 }) },
  { title: 'reference', make: createReferenceBackend },
])('attention that keeps no exponentials, on $title', ({ make }) => {
  it.each([false, true])('has the same bits as with them, dropout: %s', (hasDropout) => {
    const backend = make();
    const kept = results(backend, true, hasDropout);
    expect(kept.flatMap((values) => [...values]).every(Number.isFinite)).toBe(true);
    expect(results(backend, false, hasDropout)).toEqual(kept);
  });
});
