import { RondoError } from '../errors.js';
import { restoredFromFile } from '../made-from-file.js';
import { withRandom } from '../random.js';
import { ArraySource, sliceBatch } from './array-source.js';
import { type Batch, BatchReader, type BatchSource } from './batch.js';
import { CallbackList, type RunContext } from './callback-list.js';
import type { Logs, StopReason } from './callbacks/callback.js';
import type { Compiled } from './compiled.js';
import { isDataset } from './dataset.js';
import { EpochLogs, logNamesOf, validationLogs } from './epoch-logs.js';
import { evaluateSource, type GivenData, outputsFor, sourceOf } from './evaluation.js';
import type { FitOptions, ValidationData } from './fit-options.js';
import { type History, HistoryRecord } from './history.js';
import type { ModelData } from './host-data.js';
import { classWeightsByOutput } from './sample-weights.js';
import {
  restoreSnapshot,
  type TrainingPosition,
  type TrainingSnapshot,
  takeSnapshot,
  withFreshStates,
} from './snapshot.js';
import { TrainStep } from './train-step.js';
import type { Trainable } from './trainable.js';
import { hostIsWaiting, yieldToHost } from './yield-to-host.js';

/** One call of `fit`. */
export class FitRun<Trained extends Trainable> {
  readonly #source: BatchSource;
  readonly #validation: BatchSource | undefined;
  readonly #batchSize: number;
  readonly #epochs: number;
  readonly #callbacks: CallbackList<Trained>;
  #step: TrainStep | undefined;
  #logs: EpochLogs | undefined;
  #lastBatch: Batch | undefined;
  #history = new HistoryRecord();
  #epoch: number;
  #batch = 0;
  #seed: number | null = null;
  #numSteps = 0;
  #isStopping = false;
  readonly #compiled: Compiled;

  readonly #model: Trained;
  readonly #options: FitOptions<Trained>;
  readonly #where: string;

  /**
   * Reads and checks all data that are in memory.
   *
   * @param around what adds something to each batch that is trained on.
   */
  constructor(
    model: Trained,
    compiled: Compiled,
    data: GivenData,
    options: FitOptions<Trained>,
    around: (source: BatchSource) => BatchSource,
  ) {
    const where = `${model.className}.fit`;
    this.#model = model;
    this.#options = options;
    this.#where = where;
    this.#compiled = compiled;
    this.#batchSize = options.batchSize ?? 32;
    this.#epochs = options.epochs ?? 1;
    this.#epoch = options.initialEpoch ?? 0;
    const [source, validation] = this.#readSources(data);
    [this.#source, this.#validation] = [around(source), validation];
    // Data in memory have built the model; a dataset's first batch may be yet to do so.
    if (model.outputArrangement !== undefined)
      classWeightsByOutput(options.classWeight, outputsFor(model), model.outputWidths, where);
    this.#callbacks = new CallbackList(options.callbacks ?? [], this.#context());
  }

  async run(): Promise<History> {
    const { resumeFrom } = this.#options;
    if (resumeFrom !== undefined) this.#resume(resumeFrom);
    await this.#callbacks.trainBegin();
    try {
      return await this.#runEpochs();
    } catch (error) {
      const first = await this.#earlierFault(error);
      await this.#callbacks.trainError(this.#epoch, first);
      throw first;
    }
  }

  /** The fault of a step that was not read yet where something else failed meanwhile, else the fault itself. */
  async #earlierFault(error: unknown): Promise<unknown> {
    if (error instanceof RondoError && error.code === 'NOT_FINITE') return error;
    try {
      await this.#settle();
    } catch (earlier) {
      return earlier;
    }
    return error;
  }

  async #runEpochs(): Promise<History> {
    let isAborted = false;
    // A run that was interrupted within an epoch finishes it even where a callback has asked to stop.
    while (!isAborted && this.#epoch < this.#epochs && (!this.#isStopping || this.#seed !== null))
      isAborted = !(await this.#runEpoch());
    const reason: StopReason = isAborted ? 'aborted' : this.#isStopping ? 'callback' : 'completed';
    if (!isAborted) this.#compiled.optimizer.finalizeWeights();
    await this.#callbacks.trainEnd(reason);
    return this.#history.finished(reason);
  }

  /** @returns false where the signal was aborted. */
  async #runEpoch(): Promise<boolean> {
    const { signal, checkpoint } = this.#options;
    if (isAborted(signal)) return this.#abort();
    const startedMs = performance.now();
    if (this.#seed === null) {
      await this.#callbacks.epochBegin(this.#epoch);
      this.#seed = this.#model.random.uint32();
      this.#logs?.reset();
    }
    let numRows = 0;
    const iterator = this.#source.open(this.#epoch, this.#seed, this.#batch);
    try {
      while (!this.#isStopping) {
        const next = iterator.next();
        const batch = next instanceof Promise ? await next : next;
        if (batch === undefined) break;
        const { step, logs } = this.#prepared();
        const number = ++this.#numSteps;
        withRandom(this.#model.random, () => step.run(batch, logs, number));
        if (step.reads.isBehind) await step.reads.catchUp();
        this.#lastBatch = batch;
        this.#batch++;
        numRows += batch.numRows;
        if (this.#callbacks.watchBatches) {
          if (step.reads.isWaiting) await step.reads.settle();
          const watched = this.#callbacks.batchEnd(this.#epoch, this.#batch - 1, logs, { numRows, startedMs });
          if (watched !== undefined) await watched;
        }
        if (checkpoint?.everySteps !== undefined && this.#numSteps % checkpoint.everySteps === 0) await this.#save();
        if (hostIsWaiting()) await yieldToHost();
        if (isAborted(signal)) return await this.#abort();
      }
    } finally {
      await iterator.close();
    }
    if (this.#logs === undefined || this.#batch === 0) throw this.#noBatches();
    return this.#endEpoch(this.#logs, startedMs, numRows);
  }

  /** @returns false where the signal was aborted before the validation had ended: the epoch is then not over. */
  async #endEpoch(logs: EpochLogs, startedMs: number, numRows: number): Promise<boolean> {
    const { checkpoint, verbose } = this.#options;
    await this.#settle();
    const elapsedMs = performance.now() - startedMs;
    let values = logs.values();
    if (this.#validation !== undefined) {
      const validated = await this.#validate(this.#validation, logs);
      if (validated === undefined) return this.#abort();
      values = { ...values, ...validationLogs(validated) };
    }
    this.#history.add(this.#epoch, values);
    verbose?.(lineOf(this.#epoch, this.#epochs, values, elapsedMs, numRows));
    await this.#callbacks.epochEnd(this.#epoch, values);
    this.#epoch++;
    this.#batch = 0;
    this.#seed = null;
    if (checkpoint === undefined) return true;
    const everyEpochs = checkpoint.everyEpochs ?? (checkpoint.everySteps === undefined ? 1 : undefined);
    const isLast = this.#epoch === this.#epochs || this.#isStopping;
    if (everyEpochs !== undefined && (isLast || this.#epoch % everyEpochs === 0)) await this.#save();
    return true;
  }

  /** @returns undefined where the signal was aborted; sums, states and callbacks are then as before. */
  async #validate(validation: BatchSource, logs: EpochLogs): Promise<Record<string, number> | undefined> {
    const { signal } = this.#options;
    // The sums of the epoch lie in the same metrics; a run that is resumed here needs them.
    const sums = logs.state;
    await this.#callbacks.validationBegin(this.#epoch);
    try {
      return await withFreshStates(this.#model, () => this.#evaluate(validation));
    } catch (error) {
      if (!isAborted(signal) || !(error instanceof RondoError && error.code === 'ABORTED')) throw error;
      await this.#callbacks.validationStopped(this.#epoch);
      logs.state = sums;
      return undefined;
    }
  }

  async #evaluate(validation: BatchSource): Promise<Record<string, number>> {
    const { signal } = this.#options;
    const computeEnd = this.#callbacks.computeBegin('validation');
    try {
      return await evaluateSource(this.#model, validation, { signal, where: `${this.#where}, validationData` });
    } finally {
      computeEnd();
    }
  }

  /** Keeps the point that was reached, unless no step was taken. */
  async #abort(): Promise<false> {
    await this.#settle();
    if (this.#options.checkpoint !== undefined && this.#step !== undefined) await this.#save();
    return false;
  }

  /** The step and the sums, which need the weights and so the first data. */
  #prepared(): { step: TrainStep; logs: EpochLogs } {
    if (this.#step === undefined || this.#logs === undefined) {
      const outputs = outputsFor(this.#model);
      const { classWeight } = this.#options;
      const computeBegin = () => this.#callbacks.computeBegin('step');
      const [compiled, where] = [this.#compiled, this.#where];
      this.#step = new TrainStep(this.#model, { compiled, outputs, classWeight, where, computeBegin });
      if (this.#logs === undefined) this.#logs = new EpochLogs(outputs);
    }
    return { step: this.#step, logs: this.#logs };
  }

  /** Waits for what was computed, so that sums are complete and every step so far was found finite. */
  async #settle(): Promise<void> {
    if (this.#step?.reads.isWaiting === true) await this.#step.reads.settle();
  }

  async #save(): Promise<void> {
    const { checkpoint, callbacks } = this.#options;
    await this.#settle();
    await checkpoint!.save(this.#model, await takeSnapshot(this.#model, this.#position(), callbacks ?? []));
  }

  #position(): TrainingPosition {
    const epoch = this.#epoch;
    const batch = this.#batch;
    const seed = this.#seed;
    const numSteps = this.#numSteps;
    const isStopping = this.#isStopping;
    const source = this.#source;
    const batchSize = this.#batchSize;
    return {
      epoch,
      batch,
      seed,
      numSteps,
      isStopping,
      history: { epochs: [...this.#history.epochs], metrics: structuredClone(this.#history.metrics) },
      logs: seed === null ? null : this.#logs!.state,
      numRows: source.numRows ?? null,
      batchSize: source.numRows === undefined ? null : batchSize,
    };
  }

  #resume(snapshot: TrainingSnapshot): void {
    const { values } = snapshot;
    const [numRows, batchSize] = [
      this.#source.numRows ?? null,
      this.#source.numRows === undefined ? null : this.#batchSize,
    ];
    if (values.numRows !== numRows || values.batchSize !== batchSize) {
      const written = (rows: number | null, size: number | null): string =>
        rows === null ? 'a dataset' : `${rows} rows in batches of ${size}`;
      throw new RondoError('USAGE', {
        where: this.#where,
        what: 'the data are not those of the interrupted run.',
        expected: written(values.numRows, values.batchSize),
        received: written(numRows, batchSize),
        fix: 'give the same data, batchSize and validationSplit.',
      });
    }
    restoredFromFile(this.#where, () => this.#restore(snapshot));
  }

  #restore(snapshot: TrainingSnapshot): void {
    const { values } = snapshot;
    restoreSnapshot(this.#model, snapshot, this.#options.callbacks ?? [], this.#where);
    this.#history = new HistoryRecord(values.history);
    ({
      epoch: this.#epoch,
      batch: this.#batch,
      seed: this.#seed,
      numSteps: this.#numSteps,
      isStopping: this.#isStopping,
    } = values);
    if (values.logs !== null) this.#prepared().logs.state = values.logs;
  }

  #readSources(data: GivenData): [source: BatchSource, validation: BatchSource | undefined] {
    const model = this.#model;
    const where = this.#where;
    const options = this.#options;
    const batchSize = this.#batchSize;
    const { validationData, validationSplit, validationBatchSize = batchSize, shuffle = true, sampleWeight } = options;
    const validationFrom = (given: ValidationData): BatchSource => {
      const form = isDataset(given) ? { dataset: given } : isPair(given) ? { x: given[0], y: given[1] } : given;
      return sourceOf(model, form, `${where}, validationData`, validationBatchSize);
    };
    const validation = (): BatchSource | undefined => validationData && validationFrom(validationData);
    if ('dataset' in data) return [sourceOf(model, data, where, batchSize), validation()];
    const all = new BatchReader(model, where).read({ ...data, sampleWeight });
    if (validationSplit === undefined) return [new ArraySource(all, { batchSize, shuffle }), validation()];
    const numTraining = Math.floor(all.numRows * (1 - validationSplit));
    if (numTraining === 0 || numTraining === all.numRows) {
      throw new RondoError('OUT_OF_RANGE', {
        where,
        what: '`validationSplit` leaves one part without rows.',
        expected: 'rows for training and for validation',
        received: `${numTraining} and ${all.numRows - numTraining} of ${all.numRows} rows`,
        fix: 'give more data, or another share.',
      });
    }
    return [
      new ArraySource(sliceBatch(all, 0, numTraining), { batchSize, shuffle }),
      new ArraySource(sliceBatch(all, numTraining, all.numRows), { batchSize: validationBatchSize, shuffle: false }),
    ];
  }

  #noBatches(): RondoError {
    return new RondoError('DATA_FORMAT', {
      where: this.#where,
      what: `the dataset has no batches in epoch ${this.#epoch}.`,
      expected: 'at least one batch in every epoch',
      fix: 'a generator object can be run through only once: give a function that makes a new one for each epoch.',
    });
  }

  #context(): RunContext<Trained> {
    const run = this;
    const metrics = () => (run.#model.outputArrangement === undefined ? undefined : outputsFor(run.#model));
    return {
      model: run.#model,
      epochs: run.#epochs,
      numBatches: run.#source.numBatches,
      savesSnapshots: run.#options.checkpoint !== undefined,
      get logNames() {
        const outputs = metrics();
        return outputs && logNamesOf(outputs, run.#validation !== undefined);
      },
      get numSteps() {
        return run.#numSteps;
      },
      moreIsBetter: (logName) => {
        const own = logName.startsWith('val') ? logName.charAt(3).toLowerCase() + logName.slice(4) : logName;
        const all = (metrics() ?? []).flatMap((output) => output.metrics);
        const found = all.find(({ name }) => name === logName) ?? all.find(({ name }) => name === own);
        return found?.metric.better === 'higher';
      },
      stopTraining: () => {
        run.#isStopping = true;
      },
      get lossOfLastBatch() {
        const batch = run.#lastBatch;
        return batch && (() => run.#prepared().step.lossOf(batch));
      },
    };
  }
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

function isPair(given: ValidationData): given is readonly [x: ModelData, y: ModelData] {
  return Array.isArray(given);
}

/** `epoch 3/10: loss 0.1234, valLoss 0.1501 (1.2 s, 5300 samples/s)` */
function lineOf(epoch: number, epochs: number, logs: Logs, elapsedMs: number, numRows: number): string {
  const values = Object.entries(logs).map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`);
  return (
    `epoch ${epoch + 1}/${epochs}: ${values.join(', ')} (${(elapsedMs / 1000).toFixed(1)} s, ` +
    `${Math.round((1000 * numRows) / Math.max(elapsedMs, 1e-3))} samples/s)`
  );
}
