import type { Json } from '../../layers/layer.js';
import type { Callback, CallbackState } from '../../training/callbacks/callback.js';
import type { HostArray } from '../../training/host-data.js';
import type { TrainingOutcome } from '../training-run.js';
import type { ChosenShare } from './choose-share.js';

/**
 * Widths that `units: 'auto'` tries, the usual one first. Where the network is left out with that one, the others are
 * not tried: of three chances to look good by luck one is more likely to.
 */
export const unitsToTry = [32, 16, 64] as const;

/** A width that was tried. */
export interface TriedUnits {
  readonly units: number;
  /** Mean absolute error on the validation windows with the share of its corrections. */
  readonly error: number;
  readonly share: number;
}

/** A width that was trained, with everything that it leaves behind. */
export interface TrainedUnits {
  readonly units: number;
  readonly outcome: TrainingOutcome;
  readonly chosen: ChosenShare;
  readonly weights: Readonly<Record<string, HostArray>>;
}

/**
 * Keeps the best width so far while the next one is trained, in its checkpoints too. It watches nothing: as a callback
 * its state is a part of every snapshot.
 */
export class BestUnits implements Callback {
  readonly name = 'bestUnits';
  best: TrainedUnits | undefined;

  /** Takes a width where its error is lower than that of all before; of equals the first stays. */
  consider(trained: TrainedUnits): void {
    if (this.best === undefined || trained.chosen.model < this.best.chosen.model) this.best = trained;
  }

  getState(): CallbackState {
    if (this.best === undefined) return { values: {} };
    const { weights, ...facts } = this.best;
    return { values: { best: structuredClone(facts) as unknown as Json }, arrays: weights };
  }

  setState({ values, arrays = {} }: CallbackState): void {
    const facts = values.best as unknown as Omit<TrainedUnits, 'weights'> | undefined;
    this.best = facts === undefined ? undefined : { ...facts, weights: { ...arrays } };
  }
}
