import type { MatmulBatch, MatmulCall } from './contract.js';
import { type StepStrided, type StepStridedMatmulCall, viewAtStep } from './sequence/loop-host.js';

/** The calls that a batch stands for, in order; a call without a batch is its own. */
export function matricesOf({ batch, ...call }: MatmulCall): readonly MatmulCall[] {
  if (batch === undefined) return [call];
  const steps = asSteps(call, batch);
  return Array.from({ length: batch.count }, (_, i) => matrixAt(steps, i));
}

/** The first matrix's product, whose arguments move on to the next at each step of a loop. */
export function asSteps(call: MatmulCall, { strideA, strideB, strideC }: MatmulBatch): StepStridedMatmulCall {
  return {
    ...call,
    a: { ...call.a, stepStride: strideA },
    b: { ...call.b, stepStride: strideB },
    c: { ...call.c, stepStride: strideC },
  };
}

/** The product of step i, which adds to those before where c stays. */
export function matrixAt(call: StepStridedMatmulCall, i: number): StepStridedMatmulCall {
  const at = (view: StepStrided): StepStrided => viewAtStep(view, i);
  const addsUp = i > 0 && call.c.stepStride === 0;
  return { ...call, a: at(call.a), b: at(call.b), c: at(call.c), accumulate: addsUp || call.accumulate };
}
