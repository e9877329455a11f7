import { RondoError, requireCount, unknownName } from '../../errors.js';
import type { Callback, Progress, TrainingContext } from '../callbacks/callback.js';
import { requirePrunable } from './prunable-kernels.js';
import { pruneTo } from './prune.js';
import { type PruneOptions, type ResolvedPruneOptions, resolvedPruneOptions } from './prune-options.js';
import {
  isPruningStep,
  type PruningSchedule,
  type PruningSteps,
  pruningSchedules,
  sparsityShare,
} from './pruning-schedule.js';

export interface PruningOptions extends PruneOptions {
  /**
   * `cubic` (default): sparsity grows from 0 to the last step of pruning, fast at first (Zhu and Gupta 2017). `oneShot`:
   * all at once after step `from`.
   */
  schedule?: PruningSchedule | undefined;
  /** The step after which pruning begins. Default a tenth of all steps. */
  from?: number | undefined;
  /** The step after which the whole sparsity is reached. Default two fifths of all steps. */
  to?: number | undefined;
  /** Steps between two changes of what is pruned. Default a fiftieth of those from `from` to `to`. */
  every?: number | undefined;
}

/**
 * Of all steps, where pruning begins and ends by default: early, while the learning rate is high, since what is left needs
 * most of the training (`npm run bench:pruning`).
 */
export const pruningSpan = { from: 0.1, to: 0.4 } as const;

/**
 * Prunes recurrent layers while they train, by magnitude (Zhu and Gupta 2017, "To prune, or not to prune"; Narang et al.
 * 2017, "Block-sparse recurrent neural networks"): the blocks of smallest norm become 0 little by little, and what is left
 * learns to do without them. What is pruned is 0 after every step that follows, whatever the optimizer; what it remembers of
 * it is 0 too, and its gradient counts nothing, not even for clipping.
 *
 * What is pruned belongs to the weights: it stays so in a later `fit` without this callback, and in a saved model. A
 * resumed run ends with the same bits. Weights that a callback keeps from before the whole sparsity is reached have less of
 * it, so give EarlyStopping with `restoreBestWeights` a `startFromEpoch` at which pruning is over.
 *
 * @example
 * await model.fit(x, y, { epochs: 20, callbacks: [new Pruning({ sparsity: 0.9, block: [16, 1] })] });
 *
 * @throws OUT_OF_RANGE, UNKNOWN_NAME, USAGE; of gates, layers and steps when training begins
 */
export class Pruning implements Callback {
  readonly name = 'pruning';
  readonly #options: ResolvedPruneOptions;
  readonly #given: Pick<PruningOptions, 'from' | 'to' | 'every'>;
  readonly #schedule: PruningSchedule;
  #steps: PruningSteps | undefined;

  constructor(options: PruningOptions) {
    const where = 'Pruning';
    this.#options = resolvedPruneOptions(where, options, ['schedule', 'from', 'to', 'every']);
    const { schedule = 'cubic', from, to, every } = options;
    if (!pruningSchedules.includes(schedule)) throw unknownName(where, 'schedule', schedule, pruningSchedules);
    this.#schedule = schedule;
    this.#given = { from, to, every };
    if (from !== undefined) requireCount(where, 'from', from, schedule === 'oneShot' ? 1 : 0);
    if (schedule === 'oneShot') this.#refuseUnread();
    if (to !== undefined) requireCount(where, 'to', to, (from ?? 0) + 1);
    if (every !== undefined) requireCount(where, 'every', every);
  }

  onTrainBegin({ model, epochs, numBatches }: TrainingContext): void {
    requirePrunable('Pruning', model, this.#options);
    this.#steps = this.#stepsOf(numBatches === undefined ? undefined : epochs * numBatches);
  }

  onBatchEnd(_: Progress, { model, numSteps }: TrainingContext): Promise<void> | undefined {
    const steps = this.#steps!;
    if (!isPruningStep(numSteps, steps)) return undefined;
    return pruneTo(model, this.#options, sparsityShare(numSteps, steps));
  }

  /** @param numSteps of the whole training, where that is known. */
  #stepsOf(numSteps: number | undefined): PruningSteps {
    const { from, to, every } = this.#given;
    const schedule = this.#schedule;
    const isOneShot = schedule === 'oneShot';
    const needed = isOneShot ? from : to;
    if (numSteps === undefined && (from === undefined || needed === undefined))
      throw new RondoError('USAGE', {
        where: 'Pruning',
        what: 'nothing says how long training is, of whose steps the defaults are a share.',
        fix: isOneShot ? 'give `from`, in steps.' : 'give `from` and `to`, in steps.',
        option: 'from',
      });
    const shareOf = (share: number): number => Math.max(1, Math.round(share * (numSteps ?? 0)));
    const begin = from ?? Math.min(shareOf(pruningSpan.from), (to ?? Infinity) - 1);
    const end = isOneShot ? begin : (to ?? Math.max(begin + 1, shareOf(pruningSpan.to)));
    if (numSteps !== undefined && end > numSteps)
      throw new RondoError('OUT_OF_RANGE', {
        where: 'Pruning',
        what: 'training ends before pruning does.',
        expected: `at most ${numSteps} steps, those of all epochs`,
        received: `${end}`,
        fix: `give a smaller \`${isOneShot ? 'from' : 'to'}\`, or train for more epochs.`,
        option: isOneShot ? 'from' : 'to',
      });
    return { schedule, from: begin, to: end, every: every ?? Math.max(1, Math.round((end - begin) / 50)) };
  }

  #refuseUnread(): void {
    const unread = (['to', 'every'] as const).find((name) => this.#given[name] !== undefined);
    if (unread === undefined) return;
    throw new RondoError('USAGE', {
      where: 'Pruning',
      what: `\`${unread}\` is for a schedule that prunes more than once.`,
      received: "schedule: 'oneShot'",
      fix: `leave \`${unread}\` out; \`from\` says when.`,
      option: unread,
    });
  }
}
