import { RondoError } from '../../errors.js';
import { Variable } from '../../tensor/variable.js';
import { clearPruned, maskOf } from '../optimizers/weight-masks.js';
import type { Trainable } from '../trainable.js';
import { kernelMask } from './kernel-mask.js';
import { type KernelChoice, prunableKernels, requirePrunable } from './prunable-kernels.js';
import { type PruneOptions, type ResolvedPruneOptions, resolvedPruneOptions } from './prune-options.js';
import { type SparsityReport, sparsityReport } from './sparsity-report.js';

/**
 * Prunes a model at once: the blocks of smallest norm of its recurrent layers' kernels become 0, and stay 0 in all
 * training that follows; see {@link Pruning} for doing so little by little. Kernels of layers that are not trainable are
 * left as they are.
 *
 * @example
 * const { total } = await prune(model, { sparsity: 0.8, block: [16, 1] });
 * console.log(total.sparsity);
 *
 * @throws OUT_OF_RANGE; UNKNOWN_NAME for layers and gates that there are not; USAGE where there is nothing to prune
 */
export async function prune(model: Trainable, options: PruneOptions): Promise<SparsityReport> {
  const resolved = resolvedPruneOptions('prune', options);
  requirePrunable('prune', model, resolved);
  await pruneTo(model, resolved, 1);
  return sparsityReport(model);
}

/** @internal Prunes to a share of the sparsity that is asked for. */
export async function pruneTo(model: Trainable, options: ResolvedPruneOptions, share: number): Promise<void> {
  const { sparsity, gates } = options;
  const sparsityOf = (gate: string | null): number =>
    share * (gate !== null && Object.hasOwn(gates, gate) ? gates[gate] : sparsity);
  for (const kernel of trainableKernels(model, options)) {
    const { variable } = kernel;
    const [values, before] = await Promise.all([variable.data(), maskOf(variable)?.data()]);
    const mask = kernelMask(values, kernel, { ...options, sparsityOf }, before);
    if (variable.mask instanceof Variable) variable.mask.assign(mask);
    else if (mask.includes(0)) variable.mask = new Variable(variable.shape, mask, `mask/${variable.name}`, false);
    clearPruned(variable, [variable]);
  }
  model.compiledTraining?.optimizer.clearPruned();
}

/**
 * Lets all that is 0 in the kernels of recurrent layers stay 0 in training: what {@link prune} and {@link Pruning} have
 * pruned stays so by itself, and a model's file says so; this is for weights that come from elsewhere.
 */
export function keepZeros(model: Trainable, { layers, dense = false }: Partial<KernelChoice> = {}): void {
  const choice = { layers, dense };
  requirePrunable('keepZeros', model, { ...choice, gates: {} });
  for (const { variable } of trainableKernels(model, choice)) variable.mask ??= 'zeros';
}

/** Lets training change everything again that was pruned; it is 0 until then. */
export function releaseZeros(model: Trainable): void {
  for (const [, { variable }] of model.namedWeights()) variable.mask = undefined;
}

/** @throws USAGE for a kernel that is compressed */
function trainableKernels(model: Trainable, choice: KernelChoice): ReturnType<typeof prunableKernels> {
  const trainable = new Set(model.trainableWeights);
  return prunableKernels(model, choice).filter(({ variable }) => {
    if (variable.compressed !== undefined)
      throw new RondoError('USAGE', {
        where: 'prune',
        what: `the kernel \`${variable.name}\` is compressed, and cannot change.`,
        fix: 'prune the model that was compressed, and compress it again.',
      });
    return trainable.has(variable);
  });
}
