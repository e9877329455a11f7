import type { AcceleratedBackend } from '../acceleration.js';
import type { Buffer, MatmulCall } from '../contract.js';
import type { BlasAccelerator } from './accelerator.js';

/** One product, timed both ways on one thread of the caller. */
export interface ProductSpeed {
  /** What it is in a recurrent net. */
  readonly use: string;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly wasmGigaflops: number;
  readonly blasGigaflops: number;
}

type Form = Pick<MatmulCall, 'm' | 'n' | 'k' | 'transposeA' | 'transposeB'> & { readonly use: string };

/** A recurrent layer of 128 units and 64 features, batch 32: what its training spends its time on. */
const forms: readonly Form[] = [
  { use: 'one step', m: 32, n: 512, k: 128 },
  { use: 'one step back', m: 32, n: 128, k: 512, transposeB: true },
  { use: 'input product', m: 640, n: 512, k: 64 },
  { use: 'weight gradient', m: 128, n: 512, k: 640, transposeA: true },
];

/** V8 optimizes what it has seen running, so the time must cover that; the best run counts. */
const measureMs = 30;

/**
 * Times what recurrent layers multiply, in turns; about a tenth of a second. The accelerator is not installed after.
 */
export function compareSpeeds(backend: AcceleratedBackend, accelerator: BlasAccelerator): readonly ProductSpeed[] {
  const before = backend.acceleration.accelerator;
  // The library is to be compared with the fastest tiles.
  backend.acceleration.chooseTiles();
  backend.openScope();
  try {
    const size = Math.max(...forms.map(({ m, n, k }) => Math.max(m * n, m * k, n * k)));
    const [a, b, c] = [0, 1, 2].map((seed) => {
      const buffer = backend.temporary(size);
      backend.write(
        { buffer, offset: 0 },
        Float32Array.from({ length: size }, (_, i) => (((i + seed) * 37) % 101) / 50 - 1),
      );
      return buffer;
    });
    return forms.map((form) => speedOf(backend, accelerator, form, { a, b, c }));
  } finally {
    backend.closeScope();
    backend.acceleration.accelerator = before;
  }
}

function speedOf(
  backend: AcceleratedBackend,
  accelerator: BlasAccelerator,
  { use, ...form }: Form,
  buffers: Record<'a' | 'b' | 'c', Buffer>,
): ProductSpeed {
  const { m, n, k, transposeA, transposeB } = form;
  const call: MatmulCall = {
    ...form,
    a: { buffer: buffers.a, offset: 0, rowStride: transposeA === true ? m : k },
    b: { buffer: buffers.b, offset: 0, rowStride: transposeB === true ? k : n },
    c: { buffer: buffers.c, offset: 0, rowStride: n },
  };
  const timeMs = (multiplier: BlasAccelerator | undefined): number => {
    backend.acceleration.accelerator = multiplier;
    const started = performance.now();
    backend.matmul(call);
    return performance.now() - started;
  };
  let [wasmMs, blasMs] = [Infinity, Infinity];
  const started = performance.now();
  for (let now = started; now - started < measureMs; now = performance.now()) {
    wasmMs = Math.min(wasmMs, timeMs(undefined));
    blasMs = Math.min(blasMs, timeMs(accelerator));
  }
  const gigaflops = (ms: number): number => (2 * m * n * k) / ms / 1e6;
  return { use, m, n, k, wasmGigaflops: gigaflops(wasmMs), blasGigaflops: gigaflops(blasMs) };
}

/** How many times faster the library is, as the geometric mean over the products. */
export function advantageOf(speeds: readonly ProductSpeed[]): number {
  return Math.exp(
    speeds.reduce((sum, { wasmGigaflops, blasGigaflops }) => sum + Math.log(blasGigaflops / wasmGigaflops), 0) /
      speeds.length,
  );
}
