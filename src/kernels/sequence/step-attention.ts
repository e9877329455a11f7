import type { RecurrentCall, RecurrentMemory, View } from '../contract.js';
import type { StepArray } from './arrays.js';
import type { Layout, Shard, StepRun } from './layout.js';
import type { EngineBackend, StepCall, StepLoop } from './loop-host.js';

/** What a run's steps attend with, on a backend that runs loops of calls. */
export interface StepAttention {
  /** The contexts of a shard's rows. @param query of each row. @param context where they go. */
  forward(query: StepArray, context: StepArray, shard: Shard, stepRun: StepRun): StepCall[];
  /** Where the backward pass sums over all steps. */
  gradients(layout: Layout): MemoryGradients;
  /** dL/d(query) of a shard's rows, added to what `target` holds or in the place of it. */
  backward(
    query: StepArray,
    dContext: StepArray,
    target: StepArray,
    accumulate: boolean,
    shard: Shard,
    stepRun: StepRun,
    kept: MemoryGradients,
  ): StepCall[];
  /** What a shard adds to the gradients of its sequences' memory behind its last step: products over all its steps. */
  memoryLoops(query: StepArray, dContext: StepArray, layout: Layout, shard: Shard, kept: MemoryGradients): StepLoop[];
  /** Adds up what is summed apart for each sequence. */
  finish(kept: MemoryGradients): void;
}

/** Makes what answers a kernel of a call. */
export type StepAttentionMaker = (backend: EngineBackend, call: RecurrentCall, kernel: string) => StepAttention;

/** A memory that brings what loops of calls attend with, so that a page without attention carries none of it. */
export interface AttendedMemory extends RecurrentMemory {
  readonly attention: StepAttentionMaker;
}

/** Sums over the steps, besides those of the contract. */
export interface MemoryGradients {
  /** `[N, S]`. */
  readonly dScores: View;
  /** `[B, A]`: by row of the run, so that no sum depends on how rows are shared. */
  readonly dScales: View;
}
