import type { Backend } from '../contract.js';
import { inScope } from '../in-scope.js';
import type { StepCall, StepLoop, StepStrided, WorkItem } from '../sequence/loop-host.js';
import { loopHostOf } from '../sequence/run-in-order.js';
import type { AttentionCall, HeadMatrices } from './attention-call.js';

/** The most scores of a block: 64 KiB. */
const mostScores = 1 << 14;
/** The fewest queries of a block but the last, so that laying the keys out for each block costs little. */
const fewestQueries = 32;
/** Items for each thread, so that one that is put aside delays the others little. */
const itemsOfThread = 4;

/** Some queries, and the keys that they may see: the first `numKeys`. */
interface Block {
  readonly firstQuery: number;
  readonly numQueries: number;
  readonly numKeys: number;
  /** Whether it is worked on before the other blocks of its head. */
  readonly isFirst: boolean;
}

/** A block of the heads that a loop runs over. */
export interface BlockOfHeads extends Block {
  /** The block's rows of matrices with a row for each query. */
  queries(matrices: HeadMatrices | BlockMatrices): StepStrided;
  /** All rows of matrices with a row for each key. */
  keys(matrices: HeadMatrices): StepStrided;
}

/** Memory of one thread, of undefined contents, for the rows of a block; every block uses it anew. */
interface BlockMatrices extends HeadMatrices {
  readonly isOfBlock: true;
}

/**
 * Runs the calls of every block of every head. Queries are taken in blocks, so that their scores stay in the cache for
 * any number of keys. Heads know nothing of each other: threads share them, and no number depends on how.
 *
 * @param callsWith is given, for each work item, what takes scratch memory of some columns
 */
export function runHeads(
  backend: Backend,
  call: AttentionCall,
  callsWith: (scratch: (columns: number) => BlockMatrices) => (block: BlockOfHeads) => readonly StepCall[],
): void {
  const { batch, heads } = call;
  const blocks = blocksOf(call);
  const mostQueries = Math.max(...blocks.map(({ numQueries }) => numQueries));
  const scratch = (columns: number): BlockMatrices => ({
    buffer: backend.temporary(mostQueries * columns),
    offset: 0,
    rowStride: columns,
    batchStride: 0,
    headStride: 0,
    isOfBlock: true,
  });
  const host = loopHostOf(backend);
  const total = batch * heads;
  const numItems = host.numThreads === 1 ? 1 : Math.min(total, itemsOfThread * host.numThreads);
  inScope(backend, () => {
    const items = Array.from({ length: numItems }, (_, i): WorkItem => {
      const callsOf = callsWith(scratch);
      const [first, end] = [i, i + 1].map((j) => Math.floor((j * total) / numItems));
      return headRanges(heads, first, end).flatMap((range) =>
        blocks.map((block): StepLoop => ({ numSteps: range.numHeads, calls: callsOf(blockOf(range, block)) })),
      );
    });
    host.parallelFor(items);
  });
}

/** Heads of one sequence. */
interface HeadRange {
  readonly sequence: number;
  readonly firstHead: number;
  readonly numHeads: number;
}

/** The heads `first` to `end - 1`, counted through all sequences. */
function headRanges(heads: number, first: number, end: number): HeadRange[] {
  const ranges: HeadRange[] = [];
  for (let from = first; from < end; ) {
    const sequence = Math.floor(from / heads);
    const to = Math.min(end, (sequence + 1) * heads);
    ranges.push({ sequence, firstHead: from - sequence * heads, numHeads: to - from });
    from = to;
  }
  return ranges;
}

function blockOf({ sequence, firstHead }: HeadRange, block: Block): BlockOfHeads {
  const rowsFrom = (
    { buffer, offset, rowStride, batchStride, headStride }: HeadMatrices,
    firstRow: number,
  ): StepStrided => ({
    buffer,
    offset: offset + sequence * batchStride + firstHead * headStride + firstRow * rowStride,
    rowStride,
    stepStride: headStride,
  });
  return {
    ...block,
    queries: (matrices) => rowsFrom(matrices, 'isOfBlock' in matrices ? 0 : block.firstQuery),
    keys: (matrices) => rowsFrom(matrices, 0),
  };
}

/** The last queries first: of all blocks they see the most keys, so that the others add to what they wrote. */
function blocksOf({ numQueries, numKeys, isCausal }: AttentionCall): Block[] {
  const most = Math.max(fewestQueries, Math.floor(mostScores / numKeys));
  const count = Math.ceil(numQueries / most);
  const size = Math.ceil(numQueries / count);
  return Array.from({ length: count }, (_, i) => {
    const firstQuery = (count - 1 - i) * size;
    const end = Math.min(numQueries, firstQuery + size);
    const isFirst = i === 0;
    const seen = isCausal && !isFirst ? Math.min(numKeys, end) : numKeys;
    return { firstQuery, numQueries: end - firstQuery, numKeys: seen, isFirst };
  });
}
