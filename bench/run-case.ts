import { type BackendName, currentBackend, type MemoryReport, useBackend } from '../src/index.js';
import { CaseModel } from './case-model.js';
import { type BenchCase, operationsOf } from './cases.js';
import { checkAgainstReference } from './check-case.js';
import { timeRuns, timingOf, warmUp } from './timing.js';

/** What is known after timing one case. */
export interface CaseResult extends BenchCase {
  readonly threads: number;
  readonly backend: BackendName;
  readonly medianMs: number;
  readonly fastestMs: number;
  /** Nine tenths of the runs took less. */
  readonly slowTenthMs: number;
  readonly runs: number;
  /** Operations of the matrix products over the median time; everything else a step does counts as time only. */
  readonly gflops: number;
  /** Backend memory that a run holds when it has computed everything, besides weights and optimizer state. */
  readonly stepBytes: number;
  /** The most that a run holds at once, with weights, gradients and optimizer state. */
  readonly peakBytes: number;
  /** From the reference, relative, on a small copy of the case. */
  readonly largestError: number;
}

export interface RunOptions {
  readonly backend: BackendName;
  /** How many threads compute; the caller has set them. Default 1. */
  readonly threads?: number;
  /** How long to time, after warming up. */
  readonly forMs?: number;
  readonly leastRuns?: number;
}

/**
 * Times one case: compares a small copy with the reference, warms up, then takes the median of many runs.
 *
 * @throws INTERNAL when the backend computes something else than the reference.
 */
export function runCase(
  benchCase: BenchCase,
  { backend, threads = 1, forMs = 600, leastRuns = 7 }: RunOptions,
): CaseResult {
  const largestError = checkAgainstReference(benchCase, backend);
  useBackend(backend);
  const before = currentBackend().memory();
  const model = new CaseModel(benchCase);
  const run = benchCase.mode === 'train' ? () => void model.train() : () => void model.infer();
  run();
  const peakBytes = peakSince(before, model.stepBytes);
  warmUp(run);
  const timing = timingOf(timeRuns(run, forMs, leastRuns));
  return {
    ...benchCase,
    threads,
    backend,
    ...timing,
    gflops: operationsOf(benchCase) / (timing.medianMs * 1e6),
    stepBytes: model.stepBytes,
    peakBytes,
    largestError,
  };
}

/**
 * The most that was held at once since `before`, besides what was held then. Nothing is collected meanwhile, because no
 * other task ran. Where earlier cases held more, the backend's own mark says nothing, and what is held at the end
 * counts: temporaries live until then.
 */
function peakSince(before: MemoryReport, stepBytes: number): number {
  const { persistentBytes, peakBytes } = currentBackend().memory();
  const atEnd = persistentBytes - before.persistentBytes + stepBytes;
  return peakBytes > before.peakBytes ? peakBytes - before.persistentBytes : atEnd;
}
