import { type BackendName, useBackend } from '../src/index.js';
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
  /** From the reference, relative, on a small copy of the case. */
  readonly largestError: number;
}

export interface RunOptions {
  readonly backend: BackendName;
  /** How long to time, after warming up. */
  readonly forMs?: number;
  readonly leastRuns?: number;
}

/**
 * Times one case: compares a small copy with the reference, warms up, then takes the median of many runs.
 *
 * @throws INTERNAL when the backend computes something else than the reference.
 */
export function runCase(benchCase: BenchCase, { backend, forMs = 600, leastRuns = 7 }: RunOptions): CaseResult {
  const largestError = checkAgainstReference(benchCase, backend);
  useBackend(backend);
  const model = new CaseModel(benchCase);
  const run = benchCase.mode === 'train' ? () => void model.train() : () => void model.infer();
  warmUp(run);
  const timing = timingOf(timeRuns(run, forMs, leastRuns));
  return {
    ...benchCase,
    threads: 1,
    backend,
    ...timing,
    gflops: operationsOf(benchCase) / (timing.medianMs * 1e6),
    stepBytes: model.stepBytes,
    largestError,
  };
}
