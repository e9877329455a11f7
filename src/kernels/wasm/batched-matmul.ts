import { matrixAt } from '../matmul-batch.js';
import type { StepStridedMatmulCall } from '../sequence/loop-host.js';
import type { CallWriter, Workspace } from './call-writer.js';
import type { MatmulKernels, MatmulStrategy } from './matmul.js';

/** From so many matrices a thread on, ranges of them are even enough. */
const fewestMatricesOfThread = 4;

/** Products of `count` matrices by one thread, one a step. */
export interface MatrixRange {
  readonly call: StepStridedMatmulCall;
  readonly count: number;
}

/**
 * Shares a batch among `parts`: by ranges of matrices; where there are too few of these, or all products are added up
 * in one c, by cutting every matrix. No sum changes its order by it.
 */
export function cutBatch(
  kernels: MatmulKernels,
  { call, count }: MatrixRange,
  strategy: MatmulStrategy,
  parts: number,
): MatrixRange[] {
  if (parts === 1) return [{ call, count }];
  const isEven = count % parts === 0 || count >= fewestMatricesOfThread * parts;
  if (call.c.stepStride === 0 || !isEven)
    return kernels.cut(call, strategy, parts).map((part) => ({ call: part, count }));
  const each = Math.ceil(count / parts);
  return Array.from({ length: Math.ceil(count / each) }, (_, i) => ({
    call: matrixAt(call, i * each),
    count: Math.min(each, count - i * each),
  }));
}

/** Writes the item that multiplies a range of matrices. */
export function writeRange(
  writer: CallWriter,
  kernels: MatmulKernels,
  { call, count }: MatrixRange,
  strategy: MatmulStrategy,
  workspace: Workspace,
): void {
  const addsUp = call.c.stepStride === 0 && call.accumulate !== true && count > 1;
  // Only the first product may overwrite what the others add to.
  const loops = addsUp
    ? [
        { call, count: 1 },
        { call: matrixAt(call, 1), count: count - 1 },
      ]
    : [{ call, count }];
  writer.beginItem(loops.length);
  for (const loop of loops) {
    writer.beginLoop(loop.count);
    kernels.write(writer, loop.call, strategy, workspace);
    writer.endLoop();
  }
}
