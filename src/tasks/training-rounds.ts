import type { Callback, CallbackState, Logs, StopReason, TrainingContext } from '../training/callbacks/callback.js';
import { Monitor } from '../training/callbacks/monitor.js';

/** How long a task trains. */
export interface TrainingRounds {
  /** Epochs of the first round. */
  readonly epochs: number;
  /** Most epochs of all rounds together. */
  readonly maxEpochs: number;
}

/** Each round has so many times the epochs of the one before. */
export const roundGrowth = 2;

/** The most epochs where those of the first round alone are known: three rounds. */
export function usualMaxEpochs(epochs: number): number {
  return epochs * (1 + roundGrowth + roundGrowth ** 2);
}

/** How many epochs are over at the end of each round. */
export function roundEnds({ epochs, maxEpochs }: TrainingRounds): number[] {
  const ends: number[] = [];
  for (let [end, length] = [0, epochs]; end < maxEpochs; length *= roundGrowth) ends.push((end = Math.min(end + length, maxEpochs)));
  return ends;
}

/** How many epochs are planned once so many are over: those of the round that goes on, and of all before it. */
export function plannedEpochs(rounds: TrainingRounds, numDone: number): number {
  return roundEnds(rounds).find((end) => end > numDone) ?? rounds.maxEpochs;
}

export interface RoundStopOptions extends TrainingRounds {
  /** The loss or metric that says which epoch is best. */
  readonly monitor: string;
  /** Epochs without a new best of its round after which the first round ends; later ones wait longer, as they are longer. */
  readonly patience: number;
}

/**
 * Trains in rounds: at the end of each the learning rate has fallen to 0. Where the best epoch of all is the last of its round,
 * more epochs would have been better, and a longer round follows; else training is done. Within a round, patience decides.
 */
export class RoundStop implements Callback {
  readonly name = 'roundStop';
  readonly #best: Monitor;
  readonly #bestOfRound: Monitor;
  readonly #ends: readonly number[];
  readonly #patience: number;
  #bestEpoch = 0;
  #numWaited = 0;
  #isWhole = false;

  constructor({ monitor, patience, ...rounds }: RoundStopOptions) {
    this.#best = new Monitor('RoundStop', { monitor });
    this.#bestOfRound = new Monitor('RoundStop', { monitor });
    this.#ends = roundEnds(rounds);
    this.#patience = patience;
  }

  onEpochEnd(epoch: number, logs: Logs, context: TrainingContext): void {
    const value = this.#best.valueIn(logs);
    if (this.#best.improves(value, context)) this.#bestEpoch = epoch;
    this.#numWaited = this.#bestOfRound.improves(value, context) ? 0 : this.#numWaited + 1;
    const round = this.#ends.findIndex((end) => end > epoch);
    if (this.#ends[round] === epoch + 1) {
      this.#bestOfRound.best = undefined;
      this.#numWaited = 0;
      if (this.#bestEpoch === epoch) return;
      this.#isWhole = true;
      context.stopTraining();
    } else if (this.#numWaited >= this.#patience * roundGrowth ** round) context.stopTraining();
  }

  /** Training that ends with a round has done all that was planned. */
  stopReason(reason: StopReason): StopReason {
    return reason === 'callback' && this.#isWhole ? 'completed' : reason;
  }

  getState(): CallbackState {
    return { values: { best: this.#best.best, bestOfRound: this.#bestOfRound.best, bestEpoch: this.#bestEpoch, numWaited: this.#numWaited } };
  }

  setState({ values }: CallbackState): void {
    this.#best.best = values.best as number | undefined;
    this.#bestOfRound.best = values.bestOfRound as number | undefined;
    this.#bestEpoch = values.bestEpoch as number;
    this.#numWaited = values.numWaited as number;
  }
}
