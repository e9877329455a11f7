import type { Json } from '../layers/layer.js';
import type { BatchLoss } from './batch-loss.js';
import type { Logs } from './callbacks/callback.js';
import { logName, type OutputTraining } from './compiled.js';
import type { LateReads, Reading } from './late-reads.js';

/** Sums from which an epoch's logs are made; plain JSON. */
export interface EpochLogsState {
  /** Of the losses in `totals`: how many values each has counted. */
  readonly counts?: readonly number[] | undefined;
  /** In files of earlier versions, in place of `counts`. */
  readonly numRows?: number | undefined;
  readonly totals: readonly number[];
  readonly metrics: readonly Json[];
}

/**
 * Loss and metrics of the batches of an epoch so far. Losses are the means over all values that counted (samples or
 * steps, padding left out), so they do not depend on how rows are put into batches. Keras weights each batch's mean by
 * its rows, which counts a step of a short sequence more than one of a long one. NaN where nothing counted, as for
 * metrics.
 */
export class EpochLogs {
  /** Sums of loss times count: the total, then each output where there are several. */
  readonly #totals: Float64Array;
  readonly #counts: Float64Array;
  readonly #lossNames: readonly string[];
  readonly #outputs: readonly OutputTraining[];

  constructor(outputs: readonly OutputTraining[]) {
    this.#outputs = outputs;
    this.#lossNames = lossNamesOf(outputs);
    this.#totals = new Float64Array(this.#lossNames.length);
    this.#counts = new Float64Array(this.#lossNames.length);
    this.reset();
  }

  reset(): void {
    this.#totals.fill(0);
    this.#counts.fill(0);
    for (const { metrics } of this.#outputs) for (const { metric } of metrics) metric.reset();
  }

  /** Adds a batch, as soon as its numbers were read. In the scope of its loss. */
  add(batch: BatchLoss, numRows: number, reads: LateReads): void {
    const { length: numOutputs } = this.#outputs;
    const ofLosses: Reading = {
      tensors: [batch.total, ...(numOutputs === 1 ? [] : batch.byOutput)],
      use: ([[total], ...own]) => {
        if (numOutputs === 1) this.#count(0, total, batch.counts[0]);
        else
          this.#countOutputs(
            total,
            own.map(([value]) => value),
            batch.counts,
            numRows,
          );
      },
    };
    const ofMetrics = this.#outputs.flatMap(({ metrics }, i) =>
      metrics.length === 0 ? [] : batch.readingsFor(metrics, i),
    );
    reads.readAll([ofLosses, ...ofMetrics]);
  }

  get loss(): number {
    return this.#lossValues()[0];
  }

  /** Everything by name. */
  values(): Record<string, number> {
    const logs: Record<string, number> = {};
    const losses = this.#lossValues();
    this.#lossNames.forEach((name, i) => (logs[name] = losses[i]));
    for (const { metrics } of this.#outputs) for (const { name, metric } of metrics) logs[name] = metric.result();
    return logs;
  }

  get state(): EpochLogsState {
    const metrics = this.#outputs.flatMap((output) => output.metrics.map(({ metric }) => metric.getState()));
    return { counts: [...this.#counts], totals: [...this.#totals], metrics };
  }

  set state({ counts, numRows, totals, metrics }: EpochLogsState) {
    if (counts === undefined) this.#counts.fill(numRows!);
    else this.#counts.set(counts);
    this.#totals.set(totals);
    this.#outputs.flatMap((output) => output.metrics).forEach(({ metric }, i) => metric.setState(metrics[i]));
  }

  /**
   * With several outputs, each counts its own values; of the total that leaves the penalties of weights, a mean over
   * rows.
   */
  #countOutputs(total: number, own: readonly number[], counts: readonly number[], numRows: number): void {
    let penalties = total;
    own.forEach((value, i) => {
      penalties -= value * this.#outputs[i].lossWeight;
      this.#count(i + 1, value, counts[i]);
    });
    this.#count(0, penalties, numRows);
  }

  #count(place: number, loss: number, count: number): void {
    this.#totals[place] += loss * count;
    this.#counts[place] += count;
  }

  #lossValues(): number[] {
    const [first, ...own] = Array.from(this.#totals, (total, i) => total / this.#counts[i]);
    return [own.reduce((sum, value, i) => sum + value * this.#outputs[i].lossWeight, first), ...own];
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
