import { maximumOf } from '../../extremes.js';
import type { Backend } from '../contract.js';
import { inScope } from '../in-scope.js';
import type { StepCall, StepLoop, StepStrided, WorkItem } from '../sequence/loop-host.js';
import { loopHostOf } from '../sequence/run-in-order.js';
import type { AttentionCall, HeadMatrices } from './attention-call.js';

/** The most scores of a block: 64 KiB. */
const mostScores = 1 << 14;
/** The fewest queries of a block but the last, so that laying the keys out for each block costs little. */
const fewestQueries = 32;
/**
 * Loops run over the heads of a sequence, which lie beside each other; where these have fewer scores, over the batch,
 * since writing a loop would take longer than running it.
 */
const fewestScores = 1 << 14;
/** Less is not shared, since telling another thread takes a few microseconds. */
const sharedOperations = 1e6;
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
  const { batch, heads, numQueries, numKeys, depth, valueDepth } = call;
  const blocks = blocksOf(call);
  const mostQueries = maximumOf(blocks.map(({ numQueries }) => numQueries));
  const scratch = (columns: number): BlockMatrices => ({
    buffer: backend.temporary(mostQueries * columns),
    offset: 0,
    rowStride: columns,
    batchStride: 0,
    headStride: 0,
    isOfBlock: true,
  });
  const host = loopHostOf(backend);
  const scores = numQueries * numKeys;
  const isAlongBatch = batch > heads && heads * scores < fewestScores;
  const stepsOfLoop = isAlongBatch ? batch : heads;
  const total = batch * heads;
  const isShared = host.numThreads > 1 && 2 * (depth + valueDepth) * scores * total >= sharedOperations;
  const numItems = isShared ? Math.min(total, itemsOfThread * host.numThreads) : 1;
  inScope(backend, () => {
    const items = Array.from({ length: numItems }, (_, i): WorkItem => {
      const callsOf = callsWith(scratch);
      const [first, end] = [i, i + 1].map((j) => Math.floor((j * total) / numItems));
      return rangesOf(stepsOfLoop, first, end).flatMap((range) =>
        blocks.map(
          (block): StepLoop => ({
            numSteps: range.numSteps,
            calls: callsOf(blockOf({ ...range, isAlongBatch }, block)),
          }),
        ),
      );
    });
    host.parallelFor(items);
  });
}

/** Steps of a loop: the same head of some sequences, or some heads of one sequence. */
interface Range {
  readonly loop: number;
  readonly firstStep: number;
  readonly numSteps: number;
}

/** The matrices `first` to `end - 1`, counted loop after loop. */
function rangesOf(stepsOfLoop: number, first: number, end: number): Range[] {
  const ranges: Range[] = [];
  for (let from = first; from < end; ) {
    const loop = Math.floor(from / stepsOfLoop);
    const to = Math.min(end, (loop + 1) * stepsOfLoop);
    ranges.push({ loop, firstStep: from - loop * stepsOfLoop, numSteps: to - from });
    from = to;
  }
  return ranges;
}

function blockOf({ loop, firstStep, isAlongBatch }: Range & { isAlongBatch: boolean }, block: Block): BlockOfHeads {
  const rowsFrom = (
    { buffer, offset, rowStride, batchStride, headStride }: HeadMatrices,
    firstRow: number,
  ): StepStrided => {
    const [loopStride, stepStride] = isAlongBatch ? [headStride, batchStride] : [batchStride, headStride];
    const start = offset + loop * loopStride + firstStep * stepStride;
    return { buffer, offset: start + firstRow * rowStride, rowStride, stepStride };
  };
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
