import type { Json } from '../layers/layer.js';
import type { BatchLoss } from './batch-loss.js';
import type { Logs } from './callbacks/callback.js';
import { logName, type OutputTraining } from './compiled.js';

/** Sums from which an epoch's logs are made; plain JSON. */
export interface EpochLogsState {
  readonly numRows: number;
  readonly totals: readonly number[];
  readonly metrics: readonly Json[];
}

/**
 * Loss and metrics of the batches of an epoch so far. The loss is the mean over batches, each counted by its rows, as in
 * Keras; metrics are those of all rows together.
 */
export class EpochLogs {
  #numRows = 0;
  /** Sums of loss times rows: the total, then each output where there are several. */
  readonly #totals: Float64Array;
  readonly #lossNames: readonly string[];
  readonly #outputs: readonly OutputTraining[];

  constructor(outputs: readonly OutputTraining[]) {
    this.#outputs = outputs;
    this.#lossNames = lossNamesOf(outputs);
    this.#totals = new Float64Array(this.#lossNames.length);
    this.reset();
  }

  reset(): void {
    this.#numRows = 0;
    this.#totals.fill(0);
    for (const { metrics } of this.#outputs) for (const { metric } of metrics) metric.reset();
  }

  /** Adds a batch. In the scope of its loss. */
  add(batch: BatchLoss, loss: number, numRows: number): void {
    this.#numRows += numRows;
    this.#totals[0] += loss * numRows;
    if (this.#totals.length > 1) batch.byOutput.forEach((own, i) => (this.#totals[i + 1] += own.item() * numRows));
    this.#outputs.forEach(({ metrics }, i) => {
      for (const metric of metrics) batch.update(metric, i);
    });
  }

  get loss(): number {
    return this.#totals[0] / this.#numRows;
  }

  /** Everything by name. */
  values(): Record<string, number> {
    const logs: Record<string, number> = {};
    this.#lossNames.forEach((name, i) => (logs[name] = this.#totals[i] / this.#numRows));
    for (const { metrics } of this.#outputs) for (const { name, metric } of metrics) logs[name] = metric.result();
    return logs;
  }

  get state(): EpochLogsState {
    return { numRows: this.#numRows, totals: [...this.#totals], metrics: this.#outputs.flatMap(({ metrics }) => metrics.map(({ metric }) => metric.getState())) };
  }

  set state({ numRows, totals, metrics }: EpochLogsState) {
    this.#numRows = numRows;
    this.#totals.set(totals);
    this.#outputs.flatMap((output) => output.metrics).forEach(({ metric }, i) => metric.setState(metrics[i]));
  }
}

function lossNamesOf(outputs: readonly OutputTraining[]): string[] {
  return outputs.length === 1 ? ['loss'] : ['loss', ...outputs.map(({ name }) => logName(name, 'loss'))];
}

/** The names of all logs, in order. */
export function logNamesOf(outputs: readonly OutputTraining[], hasValidation: boolean): string[] {
  const names = [...lossNamesOf(outputs), ...outputs.flatMap(({ metrics }) => metrics.map(({ name }) => name))];
  return hasValidation ? [...names, ...names.map((name) => logName('val', name))] : names;
}

/** Logs of validation data, each name with `val` before it. */
export function validationLogs(logs: Logs): Record<string, number> {
  return Object.fromEntries(Object.entries(logs).map(([name, value]) => [logName('val', name), value]));
}
