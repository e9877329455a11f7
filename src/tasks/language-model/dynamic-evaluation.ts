import { RondoError, refuseUnknownOptions, requireCount, requireNumber } from '../../errors.js';
import { add, div, leaf, max, min, mul, select, sqrt, sub } from '../../expression/build.js';
import { type PointwiseProgram, pointwiseProgram } from '../../expression/program.js';
import type { Strided } from '../../kernels/contract.js';
import { currentBackend } from '../../kernels/select.js';
import type { Resolved } from '../../resolved.js';
import { valueAndGradients } from '../../tensor/tape.js';
import { scope, type Tensor, tensor } from '../../tensor/tensor.js';
import { Variable } from '../../tensor/variable.js';
import { LateReads } from '../../training/late-reads.js';
import { sparseCategoricalCrossentropy } from '../../training/losses/index.js';
import { lossValue } from '../../training/losses/value.js';
import { FiniteGuard, oneValue } from '../../training/optimizers/finite-guard.js';
import { clearPruned } from '../../training/optimizers/weight-masks.js';
import type { Sequential } from '../../training/sequential.js';
import { hostIsWaiting, yieldToHost } from '../../training/yield-to-host.js';

/** How a model learns while it reads. */
export interface DynamicOptions {
  /** Size of the steps. Default 0.05. */
  learningRate?: number | undefined;
  /** Share of the way back to the trained weights after each step. Default 0.002. */
  decay?: number | undefined;
  /** Tokens that are read with the same weights, and then learned from. Default 20. */
  segment?: number | undefined;
  /** Largest norm of all gradients together; larger ones are scaled down. Default 1. */
  globalClipNorm?: number | undefined;
}

/** @throws UNKNOWN_NAME, OUT_OF_RANGE */
export function resolvedDynamic(where: string, options: DynamicOptions): Resolved<DynamicOptions> {
  refuseUnknownOptions(where, options, ['learningRate', 'decay', 'segment', 'globalClipNorm']);
  const { learningRate = 0.05, decay = 0.002, segment = 20, globalClipNorm = 1 } = options;
  requireNumber(where, 'learningRate', learningRate, 'a number of at least 0', (value) => value >= 0);
  requireNumber(where, 'decay', decay, 'a number from 0 to 1', (value) => value >= 0 && value <= 1);
  requireCount(where, 'segment', segment);
  requireNumber(where, 'globalClipNorm', globalClipNorm, 'a number above 0', (value) => value > 0);
  return { learningRate, decay, segment, globalClipNorm };
}

const flat = (values: Tensor): Strided => ({ ...values.viewOn(currentBackend()), rowStride: values.size });

let step: PointwiseProgram | undefined;

/** `w <- w - rate min(1, clip / |g|) g + decay (w0 - w)`, where loss and gradients are finite; |g| of all gradients. */
function stepProgram(): PointwiseProgram {
  const [weight, gradient, trained] = [leaf('weight'), leaf('gradient'), leaf('trained')];
  const [learningRate, clip, decay] = [leaf('learningRate', 'scalar'), leaf('clip', 'scalar'), leaf('decay', 'scalar')];
  const rate = mul(learningRate, min(1, div(clip, max(sqrt(leaf('squaredNorm', 'row')), 1e-12))));
  const next = add(sub(weight, mul(rate, gradient)), mul(decay, sub(trained, weight)));
  step ??= pointwiseProgram('dynamicStep', [
    { name: 'weight', expression: select(leaf('isFinite', 'row'), next, weight) },
  ]);
  return step;
}

/**
 * The sum of `ln P` of all tokens after the first, where the model learns from each segment after it was scored, so
 * that it grows used to the text: `w <- w - learningRate dL/dw + decay (w0 - w)`, L the mean loss of the segment and w0
 * the trained weights. The weights are those from before when it is done. Krause et al. 2018, "Dynamic evaluation of
 * neural sequence models", section 4, eq. 3 and 4 with a constant learning rate (the form with plain gradients).
 *
 * @throws NOT_FINITE where the steps are too large; ABORTED; USAGE for compressed weights
 */
export async function dynamicLogLikelihood(
  model: Sequential,
  tokens: Int32Array,
  options: Resolved<DynamicOptions>,
  signal?: AbortSignal,
): Promise<number> {
  const where = 'LanguageModel.evaluate';
  const loss = sparseCategoricalCrossentropy({ fromLogits: true });
  requireWholeWeights(model, where);
  const variables = [...new Set(model.trainableWeights)];
  const trained = variables.map(({ shape, size, name }) => new Variable(shape, new Float32Array(size), name, false));
  trained.forEach((kept, i) => kept.assign(variables[i]));
  const reads = new LateReads();
  const guard = new FiniteGuard();
  let logLikelihood = 0;
  model.resetStates();
  try {
    for (let start = 0; start + 1 < tokens.length; start += options.segment) {
      if (signal?.aborted === true)
        throw new RondoError('ABORTED', {
          where,
          what: 'it was stopped before it was done.',
          fix: 'start it again for a result.',
        });
      if (hostIsWaiting()) await yieldToHost();
      const end = Math.min(start + options.segment, tokens.length - 1);
      const length = end - start;
      const [x, y] = [tokens.slice(start, end), tokens.slice(start + 1, end + 1)].map((part) =>
        tensor(part, [1, length]),
      );
      scope(() => {
        const { value, gradients } = valueAndGradients(() => lossValue(loss, y, model.apply(x)), variables);
        const { norms, isFinite } = guard.check(value, gradients, variables);
        reads.read([value, norms.all], ([[mean], [squaredNorm]]) => {
          if (!Number.isFinite(mean) || !Number.isFinite(squaredNorm)) {
            throw new RondoError('NOT_FINITE', {
              where,
              what: `the loss or a gradient is not finite at token ${start + 1}.`,
              expected: 'finite numbers',
              received: `loss ${mean}, gradient norm ${Math.sqrt(squaredNorm)}`,
              fix: 'give a smaller learning rate.',
            });
          }
          logLikelihood -= mean * length;
        });
        const [squaredNorm, isFiniteNow] = [oneValue(norms.all), oneValue(isFinite)];
        variables.forEach((variable, i) => {
          const weight = flat(variable);
          currentBackend().pointwise({
            program: stepProgram(),
            rows: 1,
            columns: variable.size,
            inputs: {
              weight,
              gradient: flat(gradients[i]),
              trained: flat(trained[i]),
              squaredNorm,
              isFinite: isFiniteNow,
            },
            outputs: { weight },
            scalars: { learningRate: options.learningRate, clip: options.globalClipNorm, decay: options.decay },
          });
          clearPruned(variable, [variable]);
        });
      });
      if (reads.isBehind) await reads.catchUp();
    }
    await reads.settle();
    return logLikelihood;
  } finally {
    variables.forEach((variable, i) => variable.assign(trained[i]));
    model.resetStates();
  }
}

/** @throws USAGE where most of the model could not learn */
function requireWholeWeights(model: Sequential, where: string): void {
  const compressed = model.weights.find((weight) => weight.compressed !== undefined);
  if (compressed === undefined) return;
  throw new RondoError('USAGE', {
    where,
    what: `the model cannot learn while it reads: its weight \`${compressed.name}\` is compressed, and cannot change.`,
    expected: 'a model with whole weights',
    fix: 'leave `dynamic` out, or give the model that was compressed.',
  });
}
