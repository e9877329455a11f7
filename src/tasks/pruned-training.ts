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

/**
 * Prunes early in the planned epochs, so that the last three fifths of them train what is left.
 *
 * @param options of the task; files of before there was pruning have none.
 */
export function prunedTraining(
  { prune = 0, pruneBlock = '16x1' }: { readonly prune?: number; readonly pruneBlock?: PruneBlock },
  { epochs, numBatches }: { readonly epochs: number; readonly numBatches: number },
): PrunedTraining {
  if (prune === 0) return { callbacks: [], firstEpoch: 0 };
  const numSteps = epochs * numBatches;
  const from = Math.floor(pruningSpan.from * numSteps);
  const to = Math.max(from + 1, Math.round(pruningSpan.to * numSteps));
  const callback = new Pruning({ sparsity: prune, block: pruneBlocks[pruneBlock], from, to });
  return { callbacks: [callback], firstEpoch: Math.ceil(to / numBatches) - 1 };
}
