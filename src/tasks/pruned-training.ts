import type { Callback } from '../training/callbacks/callback.js';
import type { BlockShape } from '../training/pruning/index.js';
import { Pruning, pruningSpan } from '../training/pruning/pruning.js';

/** The blocks that a task can prune, by name: outputs by inputs. */
export const pruneBlocks = { '16x1': [16, 1], '8x4': [8, 4], '1x1': [1, 1] } as const satisfies Record<
  string,
  BlockShape
>;

export type PruneBlock = keyof typeof pruneBlocks;

export const pruneBlockNames = Object.keys(pruneBlocks) as PruneBlock[];

/** How a training prunes. */
export interface PrunedTraining {
  readonly callbacks: readonly Callback[];
  /** The first epoch, from 0, that ends with the whole sparsity: none before it may be the best. */
  readonly firstEpoch: number;
}

/** Options of a task that say what is pruned; files of earlier versions lack some. */
export interface PrunedTrainingOptions {
  readonly prune?: number | undefined;
  readonly pruneBlock?: PruneBlock | undefined;
  readonly pruneUntil?: number | undefined;
}

/** Prunes early in the planned epochs, so that most of them train what is left. */
export function prunedTraining(
  { prune = 0, pruneBlock = '16x1', pruneUntil = pruningSpan.to }: PrunedTrainingOptions,
  { epochs, numBatches }: { readonly epochs: number; readonly numBatches: number },
): PrunedTraining {
  if (prune === 0) return { callbacks: [], firstEpoch: 0 };
  const numSteps = epochs * numBatches;
  const from = Math.floor((pruningSpan.from / pruningSpan.to) * pruneUntil * numSteps);
  const to = Math.max(from + 1, Math.round(pruneUntil * numSteps));
  const callback = new Pruning({ sparsity: prune, block: pruneBlocks[pruneBlock], from, to });
  return { callbacks: [callback], firstEpoch: Math.ceil(to / numBatches) - 1 };
}
