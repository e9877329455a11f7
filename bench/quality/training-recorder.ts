import type { Callback } from '../../src/index.js';
import { REPORTED_STEPS, type TrainingRun } from './quality-task.js';

/**
 * Times the steps of each epoch, from its beginning to the end of its last batch, so that evaluations between epochs do
 * not count.
 */
export class TrainingRecorder implements Callback {
  readonly #meanLosses: number[] = [];
  readonly #earlier = { trainMs: 0, cpuMs: 0 };
  #epoch = { trainMs: 0, cpuMs: 0 };
  #startedMs = 0;
  #usageBefore = process.cpuUsage();

  onEpochBegin(): void {
    this.#earlier.trainMs += this.#epoch.trainMs;
    this.#earlier.cpuMs += this.#epoch.cpuMs;
    this.#usageBefore = process.cpuUsage();
    this.#startedMs = performance.now();
  }

  onBatchEnd({ epoch, batch, loss }: { readonly epoch: number; readonly batch: number; readonly loss: number }): void {
    const { user, system } = process.cpuUsage(this.#usageBefore);
    this.#epoch = { trainMs: performance.now() - this.#startedMs, cpuMs: (user + system) / 1000 };
    if (epoch === 0 && batch < REPORTED_STEPS) this.#meanLosses.push(loss);
  }

  get run(): TrainingRun {
    const earlier = this.#earlier;
    const epoch = this.#epoch;
    const meanLosses = this.#meanLosses;
    return { trainMs: earlier.trainMs + epoch.trainMs, cpuMs: earlier.cpuMs + epoch.cpuMs, meanLosses };
  }
}
