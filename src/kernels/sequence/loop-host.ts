import type { Backend, CompressedMatmulCall, MatmulCall, PointwiseCall, Strided } from '../contract.js';

/** What the sequence engine computes with besides loops. */
export type EngineBackend = Pick<
  Backend,
  'openScope' | 'closeScope' | 'temporary' | 'fill' | 'pointwise' | 'matmul' | 'compressedMatmul' | 'gatherRows'
>;

/**
 * What a backend on the processor gives to the sequence engine: its kernels, and loops of their calls, which threads run
 * at the same time.
 */
export interface CpuLoopHost {
  readonly backend: EngineBackend;
  /** How many work items of {@link parallelFor} can run at the same time now; 1 where there are no threads. */
  readonly numThreads: number;
  /** How many rows are best computed together: their tiles are high, and their gates stay in a near cache. */
  readonly rowsOfShard: number;
  /** Among how many threads work items with barriers are worth splitting now; fewer while other work keeps threads from being in time. */
  readonly numBarrierThreads: number;
  /**
   * Lays op(b) out for products with the same b, to be given as their `packed`; undefined where that would not pay. It
   * lives until the innermost open scope closes, and is not changed by later writes to b.
   */
  pack(call: PackCall): PackedMatrix | undefined;
  /**
   * Runs work items at the same time where there are threads, each with its loops in order. No item may write what another
   * reads or writes between two barriers. With `usesBarriers`, there are at most {@link numThreads} items and
   * all have the same number of barriers. Returns when all is done.
   */
  parallelFor(items: readonly WorkItem[], options?: { readonly usesBarriers: boolean }): void;
}

/** A backend that runs loops of kernel calls itself. */
export interface LoopingBackend extends Backend {
  readonly loops: CpuLoopHost;
}

/** The right-hand side of coming products: op(b) `[k, n]`; how many rows they have at most, and how many they are. */
export interface PackCall extends Pick<MatmulCall, 'n' | 'k' | 'b' | 'transposeB'> {
  readonly m: number;
  readonly times: number;
}

/** Only the host that packed it can look inside. */
export interface PackedMatrix {
  readonly n: number;
  readonly k: number;
}

/** A view that lies `stepStride` elements further at each step of its loop, or stays where that is absent. */
export interface StepStrided extends Strided {
  readonly stepStride?: number | undefined;
}

/** One call of a loop. At a barrier, every work item waits until all have come there. */
export type StepCall =
  | { readonly kind: 'pointwise'; readonly call: StepStridedPointwiseCall }
  | { readonly kind: 'matmul'; readonly call: StepStridedMatmulCall }
  | { readonly kind: 'compressed'; readonly call: StepStridedCompressedCall }
  | { readonly kind: 'barrier' };

export interface StepStridedPointwiseCall extends PointwiseCall {
  readonly inputs: Readonly<Record<string, StepStrided>>;
  readonly outputs: Readonly<Record<string, StepStrided>>;
}

export interface StepStridedMatmulCall extends Omit<MatmulCall, 'batch'> {
  readonly a: StepStrided;
  readonly b: StepStrided;
  readonly c: StepStrided;
  /** op(b) as {@link CpuLoopHost.pack} laid it out, where the host would rather read that; then b stays where it is. */
  readonly packed?: PackedMatrix | undefined;
  /** Rows of the product that this is a share of, where it is one: the order of its sums is that of the whole. */
  readonly rowsOfAll?: number | undefined;
}

export interface StepStridedCompressedCall extends CompressedMatmulCall {
  readonly a: StepStrided;
  readonly c: StepStrided;
}

/** Calls that are made once a step, in order. */
export interface StepLoop {
  readonly numSteps: number;
  readonly calls: readonly StepCall[];
}

/** What one thread does, loop after loop. */
export type WorkItem = readonly StepLoop[];

/** Where a view of a loop lies at one of its steps. */
export function viewAtStep(view: StepStrided, step: number): StepStrided {
  return { ...view, offset: view.offset + step * (view.stepStride ?? 0) };
}
