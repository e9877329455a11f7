import type { Logs, StopReason } from './callbacks/callback.js';

/** What `fit` returns: the logs of every epoch. */
export interface History {
  /** The numbers of the epochs, from 0. */
  readonly epochs: readonly number[];
  /** By name (`loss`, `accuracy`, `valLoss` ...): one value per epoch. */
  readonly metrics: Readonly<Record<string, readonly number[]>>;
  readonly stopReason: StopReason;
}

/** A history that grows. */
export class HistoryRecord {
  readonly epochs: number[];
  readonly metrics: Record<string, number[]>;

  constructor({ epochs, metrics }: Pick<History, 'epochs' | 'metrics'> = { epochs: [], metrics: {} }) {
    this.epochs = [...epochs];
    this.metrics = Object.fromEntries(Object.entries(metrics).map(([name, values]) => [name, [...values]]));
  }

  add(epoch: number, logs: Logs): void {
    this.epochs.push(epoch);
    for (const [name, value] of Object.entries(logs)) (this.metrics[name] ??= []).push(value);
  }

  finished(stopReason: StopReason): History {
    return { epochs: this.epochs, metrics: this.metrics, stopReason };
  }
}
