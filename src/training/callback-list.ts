import type { Callback, Computation, Logs, Progress, StopReason, TrainingContext } from './callbacks/callback.js';
import type { EpochLogs } from './epoch-logs.js';
import type { Trainable } from './trainable.js';

/** What is known of the epoch besides its logs. */
export interface EpochTime {
  readonly numRows: number;
  readonly startedMs: number;
}

/** What callbacks see, and what their progress is made of. */
export interface RunContext<Trained extends Trainable> extends TrainingContext<Trained> {
  readonly numBatches: number | undefined;
}

/** Calls the callbacks of a run one after the other. */
export class CallbackList<Trained extends Trainable> {
  /** Whether any callback wants to know of batches. */
  readonly watchBatches: boolean;
  readonly #callbacks: readonly Callback<Trained>[];
  readonly #context: RunContext<Trained>;
  /** Those whose `onValidationBegin` nothing has answered yet. */
  readonly #validating = new Set<Callback<Trained>>();

  constructor(callbacks: readonly Callback<Trained>[], context: RunContext<Trained>) {
    this.#callbacks = callbacks;
    this.#context = context;
    this.watchBatches = callbacks.some(({ onBatchEnd }) => onBatchEnd !== undefined);
  }

  async trainBegin(): Promise<void> {
    for (const callback of this.#callbacks) await callback.onTrainBegin?.(this.#context);
  }

  async epochBegin(epoch: number): Promise<void> {
    for (const callback of this.#callbacks) await callback.onEpochBegin?.(epoch, this.#context);
  }

  /** A promise only where a callback returned one: most steps need no turn of the event loop. */
  batchEnd(epoch: number, batch: number, logs: EpochLogs, time: EpochTime): Promise<void> | undefined {
    const progress = this.#progress(epoch, batch, logs, time);
    let waiting: Promise<void> | undefined;
    for (const callback of this.#callbacks) {
      if (waiting !== undefined) waiting = waiting.then(() => callback.onBatchEnd?.(progress, this.#context));
      else waiting = callback.onBatchEnd?.(progress, this.#context) ?? undefined;
    }
    return waiting;
  }

  /** @returns what ends it: for those that have begun, the last one first. */
  computeBegin(computation: Computation): () => void {
    const begun: Callback<Trained>[] = [];
    const end = (): void => {
      const faults: unknown[] = [];
      for (const callback of begun.reverse())
        try {
          callback.onComputeEnd?.(computation, this.#context);
        } catch (error) {
          faults.push(error);
        }
      if (faults.length > 0) throw faults[0];
    };
    try {
      for (const callback of this.#callbacks) {
        begun.push(callback);
        callback.onComputeBegin?.(computation, this.#context);
      }
    } catch (error) {
      end();
      throw error;
    }
    return end;
  }

  async validationBegin(epoch: number): Promise<void> {
    for (const callback of this.#callbacks) {
      this.#validating.add(callback);
      await callback.onValidationBegin?.(epoch, this.#context);
    }
  }

  async validationStopped(epoch: number): Promise<void> {
    for (const callback of this.#validating) {
      this.#validating.delete(callback);
      await callback.onValidationStopped?.(epoch, this.#context);
    }
  }

  async epochEnd(epoch: number, logs: Logs): Promise<void> {
    for (const callback of this.#callbacks) {
      await callback.onEpochEnd?.(epoch, logs, this.#context);
      this.#validating.delete(callback);
    }
  }

  async trainEnd(reason: StopReason): Promise<void> {
    for (const callback of this.#callbacks) await callback.onTrainEnd?.(reason, this.#context);
  }

  /** Callbacks whose epoch has not ended take back first what they did for its validation. */
  async trainError(epoch: number, error: unknown): Promise<void> {
    await this.validationStopped(epoch);
    for (const callback of this.#callbacks) await callback.onTrainError?.(error, this.#context);
  }

  #progress(epoch: number, batch: number, logs: EpochLogs, { numRows, startedMs }: EpochTime): Progress {
    const { epochs, numBatches } = this.#context;
    const elapsedMs = performance.now() - startedMs;
    return {
      epoch,
      epochs,
      batch,
      numBatches,
      loss: logs.loss,
      get logs() {
        return logs.values();
      },
      elapsedMs,
      samplesPerSecond: elapsedMs > 0 ? (1000 * numRows) / elapsedMs : 0,
    };
  }
}
