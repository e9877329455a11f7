import * as ops from '../../tensor/index.js';
import { recurrent } from '../../tensor/recurrent.js';
import { valueAndGradients } from '../../tensor/tape.js';
import { type Tensor, tensor } from '../../tensor/tensor.js';
import type { ProbedRun } from './probed-run.js';

/**
 * How a recurrent layer carries a gradient back in time: the loss's derivative by the layer's output of its last step
 * (for a layer with one output, by that; where the loss sees final states, by those too) is followed back through this
 * layer alone. `norms[k]` is the norm of what reaches the layer's input k steps before the last,
 *
 *     norms[k]^2 = mean over sequences of |dL/dy_last . dy_last/dx_(last - k)|^2 .
 *
 * Where the layer reads from right to left its last step is the beginning of the sequence. Masked steps do not count; k
 * ends where less than half of the sequences are long enough. Needs an open scope, until it has returned its promise.
 *
 * The product of Jacobians that shrinks or grows geometrically: Pascanu, Mikolov and Bengio 2013, "On the difficulty of
 * training recurrent neural networks", equations 5-7.
 *
 * @returns undefined where the loss does not depend on the last step
 */
export async function timeGradient({ call, dOutput, dFinalStates }: ProbedRun): Promise<readonly number[] | undefined> {
  const [numRows, time, features] = call.input.shape;
  const steps = Array.from({ length: numRows }, (_, row) => stepsInOrder(row, time, call));
  const last = steps.map((order) => order.at(-1));
  const dLast =
    dOutput &&
    (call.returnSequences
      ? onlyAt(
          dOutput,
          last.map((at) => (call.reverse && call.outputOrder === 'computed' && at !== undefined ? time - 1 - at : at)),
        )
      : dOutput);
  const reached: (readonly [gradient: Tensor | undefined, of: (result: ReturnType<typeof recurrent>) => Tensor])[] = [
    [dLast, ({ output }) => output],
    ...call.plan.cell.states.map(
      (state) => [dFinalStates[state], ({ finalStates }: ReturnType<typeof recurrent>) => finalStates[state]] as const,
    ),
  ];
  if (reached.every(([gradient]) => gradient === undefined)) return undefined;
  const { gradients } = valueAndGradients(() => {
    const result = recurrent(call);
    return reached
      .flatMap(([gradient, of]) => (gradient === undefined ? [] : [ops.sum(ops.mul(of(result), gradient))]))
      .reduce((sum, part) => ops.add(sum, part));
  }, [call.input]);
  const norms = normsBackwards(await gradients[0].data(), steps, features);
  return norms.some((norm) => norm > 0) ? norms : undefined;
}

/** The steps of a sequence that count, in the order in which the layer reads them. */
function stepsInOrder(row: number, time: number, { mask, reverse }: ProbedRun['call']): number[] {
  const steps = Array.from({ length: time }, (_, t) => t).filter(
    (t) => mask === undefined || mask[row * time + t] !== 0,
  );
  return reverse ? steps.reverse() : steps;
}

function normsBackwards(
  gradient: ArrayLike<number>,
  steps: readonly (readonly number[])[],
  features: number,
): number[] {
  const time = gradient.length / (steps.length * features);
  const norms: number[] = [];
  for (let k = 0; ; k++) {
    const rows = [...steps.keys()].filter((row) => steps[row].length > k);
    if (rows.length === 0 || rows.length < steps.length / 2) return norms;
    let sum = 0;
    for (const row of rows) {
      const start = (row * time + steps[row][steps[row].length - 1 - k]) * features;
      for (let i = start; i < start + features; i++) sum += gradient[i] ** 2;
    }
    norms.push(Math.sqrt(sum / rows.length));
  }
}

/** A gradient `[rows, time, units]` where only one step of each row counts. */
function onlyAt(gradient: Tensor, steps: readonly (number | undefined)[]): Tensor {
  const [, time, units] = gradient.shape;
  const counts = Float32Array.from({ length: gradient.size }, (_, i) =>
    Math.floor(i / units) % time === steps[Math.floor(i / (units * time))] ? 1 : 0,
  );
  return ops.mul(gradient, tensor(counts, gradient.shape));
}
