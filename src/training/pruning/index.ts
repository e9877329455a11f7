/** Making weights 0 while training, in blocks that fast kernels can leave out. */

export type { BlockShape } from './kernel-mask.js';
export { keepZeros, prune, releaseZeros } from './prune.js';
export type { PruneOptions } from './prune-options.js';
export { Pruning, type PruningOptions } from './pruning.js';
export type { PruningSchedule } from './pruning-schedule.js';
export { type GateSparsity, type Sparsity, type SparsityReport, sparsityReport } from './sparsity-report.js';
export { WeightRewind, type WeightRewindOptions } from './weight-rewind.js';
