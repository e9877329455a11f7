import type { Callback, CallbackState, Logs, StopReason, TrainingContext } from '../training/callbacks/callback.js';
import { Monitor } from '../training/callbacks/monitor.js';
import type { HostArray } from '../training/host-data.js';
import { readWeights } from '../training/model-weights.js';
import type { Trainable } from '../training/trainable.js';

/** How long a task trains. */
export interface TrainingRounds {
  /** Epochs of the first round. */
  readonly epochs: number;
  /** Most epochs of all rounds together. */
  readonly maxEpochs: number;
}

/** Each round has so many times the epochs of the one before. */
export const roundGrowth = 2;

/** How long a task trains where nothing is said. */
export interface UsualRounds {
  /** Epochs of the first round, if they are so many steps. */
  readonly epochs: number;
  readonly leastSteps: number;
  /** Little data makes short epochs, of which so many at most are in the first round. */
  readonly mostEpochs: number;
  /** Rounds, each longer than the one before; one alone where the epochs are given. */
  readonly numRounds: number;
}

/** What of a task's options says how long it trains. */
export interface TrainingBudget extends TrainingRounds {
  /** Epochs without improvement after which the first round ends. */
  readonly patience: number;
}

/** The budget of a task: what is given, and what is usual for the rest. @param numBatches steps of an epoch. */
export function trainingBudget(given: Partial<TrainingBudget>, numBatches: number, usual: UsualRounds): TrainingBudget {
  const wanted = Math.min(usual.mostEpochs, Math.max(usual.epochs, Math.ceil(usual.leastSteps / numBatches)));
  const epochs = given.epochs ?? Math.min(wanted, given.maxEpochs ?? wanted);
  const ofRounds = (epochs * (roundGrowth ** usual.numRounds - 1)) / (roundGrowth - 1);
  return {
    epochs,
    maxEpochs: given.maxEpochs ?? (given.epochs === undefined ? ofRounds : epochs),
    patience: given.patience ?? Math.ceil(epochs / 2),
  };
}

/** How many epochs are over at the end of each round. */
export function roundEnds({ epochs, maxEpochs }: TrainingRounds): number[] {
  const ends: number[] = [];
  for (let [end, length] = [0, epochs]; end < maxEpochs; length *= roundGrowth)
    ends.push((end = Math.min(end + length, maxEpochs)));
  return ends;
}

/** How many epochs are planned once so many are over: those of the round that goes on, and of all before it. */
export function plannedEpochs(rounds: TrainingRounds, numDone: number): number {
  return roundEnds(rounds).find((end) => end > numDone) ?? rounds.maxEpochs;
}

/** How many epochs are over at the end of the first whole round that ends after the most epochs. */
export function nextRoundEnd({ epochs, maxEpochs }: TrainingRounds): number {
  let [end, length] = [epochs, epochs];
  while (end <= maxEpochs) end += length *= roundGrowth;
  return end;
}

export interface RoundStopOptions extends TrainingRounds {
  /** The loss or metric that says which epoch is best. */
  readonly monitor: string;
  /**
   * Epochs without a new best of its round after which the first round ends; later ones wait longer, as they are
   * longer.
   */
  readonly patience: number;
  /** Epochs before this one are not watched; it is in the first round. Default 0. */
  readonly startFromEpoch?: number | undefined;
}

/**
 * What a later round must gain to replace an earlier one: less is no more than chance, and its rate may be high still.
 */
const leastGain = 0.01;

/**
 * Trains in rounds: at the end of each the learning rate has fallen to 0. Where the best epoch of all is the last of
 * its round, more epochs would have been better, and a longer round follows; else training is done. Within a round,
 * patience decides. Training ends with the weights of the best epoch; one of a later round must be better than all
 * earlier rounds by a hundredth of the loss, or of what a score lacks to 1.
 */
export class RoundStop implements Callback {
  readonly name = 'roundStop';
  readonly #monitor: Monitor;
  readonly #ends: readonly number[];
  readonly #patience: number;
  readonly #startFromEpoch: number;
  #best = { epoch: 0, value: NaN };
  /** The best value that a round must beat clearly: of all rounds before it. */
  #earlier = NaN;
  #numWaited = 0;
  /** While a score has not left 0, the loss says whether anything is learned. */
  #lowestLoss = Infinity;
  #isWhole = false;
  #bestWeights: Record<string, HostArray> | undefined;

  constructor({ monitor, patience, startFromEpoch = 0, ...rounds }: RoundStopOptions) {
    this.#monitor = new Monitor('RoundStop', { monitor });
    this.#ends = roundEnds(rounds);
    this.#patience = patience;
    this.#startFromEpoch = startFromEpoch;
  }

  /** The epoch whose weights the model ends with, from 0. */
  get bestEpoch(): number {
    return this.#best.epoch;
  }

  onTrainBegin(context: TrainingContext): void {
    this.#monitor.requireLogged(context);
  }

  async onEpochEnd(epoch: number, logs: Logs, context: TrainingContext): Promise<void> {
    if (epoch < this.#startFromEpoch) return;
    const value = this.#monitor.valueIn(logs);
    const wantsMore = context.moreIsBetter(this.#monitor.name);
    const isBetter = (than: number, gain = 0): boolean =>
      Number.isNaN(than) || (wantsMore ? value > than + gain * (1 - than) : value < than - gain * Math.abs(than));
    const isLearning = wantsMore && value === 0 && logs.valLoss !== undefined && logs.valLoss < this.#lowestLoss;
    if (isLearning) this.#lowestLoss = logs.valLoss!;
    this.#numWaited = this.#monitor.improves(value, context) || isLearning ? 0 : this.#numWaited + 1;
    if (isBetter(this.#best.value) && isBetter(this.#earlier, leastGain)) {
      this.#best = { epoch, value };
      this.#bestWeights = await readWeights(context.model);
    }
    const round = this.#ends.findIndex((end) => end > epoch);
    if (this.#ends[round] === epoch + 1) {
      this.#monitor.best = undefined;
      this.#numWaited = 0;
      this.#earlier = this.#best.value;
      if (this.#best.epoch === epoch) return;
      this.#isWhole = true;
      context.stopTraining();
    } else if (this.#numWaited >= this.#patience * roundGrowth ** round) context.stopTraining();
  }

  /** An aborted run that saved a snapshot keeps its weights: it may be resumed. */
  onTrainEnd(reason: StopReason, { model, savesSnapshots }: TrainingContext): void {
    if (reason !== 'aborted' || savesSnapshots !== true) this.#restoreBest(model);
  }

  /** What failed left weights of no epoch. */
  onTrainError(_: unknown, { model }: TrainingContext): void {
    this.#restoreBest(model);
  }

  /** Training that ends with a round has done all that was planned. */
  stopReason(reason: StopReason): StopReason {
    return reason === 'callback' && this.#isWhole ? 'completed' : reason;
  }

  #restoreBest(model: Trainable): void {
    if (this.#bestWeights !== undefined) model.setWeights(this.#bestWeights);
  }

  getState(): CallbackState {
    const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value);
    const values = {
      best: orNull(this.#best.value),
      bestEpoch: this.#best.epoch,
      earlier: orNull(this.#earlier),
      bestOfRound: this.#monitor.best,
      numWaited: this.#numWaited,
      lowestLoss: this.#lowestLoss === Infinity ? null : this.#lowestLoss,
    };
    return { values, arrays: this.#bestWeights };
  }

  setState({ values, arrays }: CallbackState): void {
    const orNaN = (value: unknown): number => (value as number | null) ?? NaN;
    this.#best = { epoch: values.bestEpoch as number, value: orNaN(values.best) };
    this.#earlier = orNaN(values.earlier);
    this.#monitor.best = values.bestOfRound as number | undefined;
    this.#numWaited = values.numWaited as number;
    this.#lowestLoss = (values.lowestLoss as number | null | undefined) ?? Infinity;
    this.#bestWeights = arrays === undefined || Object.keys(arrays).length === 0 ? undefined : { ...arrays };
  }
}
