import type { CellPlan } from '../../cells/plan.js';
import type { RecurrentCall } from '../contract.js';
import type { Layout, Shard } from './layout.js';
import type { CpuLoopHost } from './loop-host.js';

/**
 * How a run is split: into rows that know nothing of each other, or into units that wait for each other before each
 * product.
 */
export interface Split {
  readonly shards: readonly Shard[];
  /** Whether the shards are ranges of units that multiply what the others computed. */
  readonly usesBarriers: boolean;
}

/**
 * A recurrent kernel of up to this size stays in the second-level cache, and may be read once for every shard of rows.
 */
const residentBytes = 1 << 20;
/** With fewer rows a thread, tiles are too low to keep the processor busy: units are split instead. */
const leastRows = 6;
/** The same where each thread reads the whole of a kernel that lies beyond the second-level cache. */
const leastRowsOfLargeKernel = 24;
/** Units a thread at least, where units are split: barriers cost about as much as so many units' products. */
const leastUnits = 32;
/** Operations below which a run stays on one thread: waking another costs some microseconds. */
const leastOperations = 1e6;

/** What a host says of how it is best split. */
export interface SplitAmong extends Pick<CpuLoopHost, 'numThreads' | 'numBarrierThreads' | 'rowsOfShard'> {
  /** Ranges of units begin at a multiple of it; absent where they may begin anywhere. */
  readonly unitsOfPanel?: number | undefined;
}

/**
 * Splits a run among threads. Values do not depend on the split. Sums over rows (gradients of per-unit vectors) do, so
 * cells with such vectors are split by rows alone, in a way that depends on the batch and not on the number of threads.
 */
export function splitRun(
  { plan, units }: RecurrentCall,
  layout: Layout,
  { numThreads, numBarrierThreads, rowsOfShard, unitsOfPanel }: SplitAmong,
): Split {
  const whole: Shard = { firstRow: 0, numRows: layout.batch, firstUnit: 0, numUnits: units };
  const { gates, vectors } = plan.cell;
  const hasProducts = plan.products.length > 0;
  const isSmall = gates.length * units * (hasProducts ? 2 * units : 20) * layout.rows < leastOperations;
  const threads = isSmall ? 1 : numThreads;
  const isLarge = hasProducts && 4 * gates.length * units * units > residentBytes;
  const byBatch = Math.ceil(layout.batch / rowsOfShard);
  const unitThreads = isSmall ? 1 : hasProducts ? numBarrierThreads : numThreads;
  const canSplitUnits = unitThreads > 1 && units >= unitThreads * leastUnits && !needsWholeRows(plan);
  const byUnits = (): Split => ({ shards: shardsOfUnits(whole, unitThreads, unitsOfPanel), usesBarriers: hasProducts });
  if (Object.keys(vectors).length > 0 || plan.hasSeparateBias) {
    if (hasProducts && !isLarge && byBatch > 1)
      return { shards: shardsOfRows(whole, layout, byBatch), usesBarriers: false };
    return canSplitUnits ? byUnits() : { shards: [whole], usesBarriers: false };
  }
  const leastRowsEach = isLarge ? leastRowsOfLargeKernel : leastRows;
  if (canSplitUnits && (!hasProducts || layout.batch < threads * leastRowsEach)) return byUnits();
  const byThreads = Math.min(threads, Math.floor(layout.batch / leastRows));
  const count = isSmall ? 1 : isLarge ? byThreads : Math.max(byBatch, byThreads);
  return { shards: shardsOfRows(whole, layout, Math.max(1, count)), usesBarriers: false };
}

/** Ranges of units, whole vectors and cache lines where there are enough. */
function shardsOfUnits(whole: Shard, count: number, unitsOfPanel?: number): Shard[] {
  const step = unitsOfPanel ?? (whole.numUnits >= 16 * count ? 16 : 4);
  const boundary = (i: number): number =>
    i === count ? whole.numUnits : Math.round((i * whole.numUnits) / count / step) * step;
  return Array.from({ length: count }, (_, i) => ({
    ...whole,
    firstUnit: boundary(i),
    numUnits: boundary(i + 1) - boundary(i),
  }));
}

/** Ranges of rows with about equally many steps; the first rows have the longest sequences. */
function shardsOfRows(whole: Shard, { activeRows, batch, rows, steps }: Layout, count: number): Shard[] {
  if (count === 1) return [whole];
  const shards: Shard[] = [];
  let first = 0;
  let before = 0;
  let length = steps;
  for (let row = 0; row < batch; row++) {
    while (length > 0 && activeRows[length - 1] <= row) length--;
    before += length;
    const isLast = shards.length === count - 1;
    if (!isLast && before >= ((shards.length + 1) * rows) / count) {
      shards.push({ ...whole, firstRow: first, numRows: row + 1 - first });
      first = row + 1;
    }
  }
  if (first < batch) shards.push({ ...whole, firstRow: first, numRows: batch - first });
  return shards;
}

const wholeRowsOf = new WeakMap<CellPlan, boolean>();

/**
 * Whether some value of a unit depends on the whole row, as in layer normalisation inside a cell, or on a kernel of the
 * cell's own, whose results are not those of a range of units.
 */
function needsWholeRows(plan: CellPlan): boolean {
  let known = wholeRowsOf.get(plan);
  if (known === undefined) {
    const stages = [...plan.trainingStages, ...plan.inferenceStages, ...plan.backward(true).stages];
    known =
      Object.keys(plan.cell.kernels).length > 0 ||
      stages.some(({ programs }) => programs.some(({ program }) => program.hasRowReductions));
    wholeRowsOf.set(plan, known);
  }
  return known;
}
