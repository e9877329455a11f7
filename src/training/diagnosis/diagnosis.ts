import { refuseUnknownOptions, requireCount } from '../../errors.js';
import type { Json } from '../../layers/layer.js';
import type { Callback, CallbackState, Logs, Progress, TrainingContext } from '../callbacks/callback.js';
import { adviceOn } from './advice.js';
import { factsOf, type Recorded, type Sample } from './facts.js';
import { measure } from './measure.js';
import type { DiagnosisReport } from './report.js';
import { isMeasured, thinned } from './schedule.js';
import { copyWeights, updateRatios, type WeightCopies } from './update-ratio.js';
import { trainableByLayer } from './weight-groups.js';

export interface DiagnosisOptions {
  /**
   * Measures every so many steps; a measurement takes about as long as two steps. Default 100. Steps 2, 10, 25, 50 and
   * the last one of all are measured too.
   */
  everySteps?: number | undefined;
  /**
   * Where there are more measurements, every second is dropped and they become half as frequent. At least 4. Default
   * 40.
   */
  maxSamples?: number | undefined;
}

const nothing: Recorded = { samples: [], everySteps: 0, clipNorm: null, loss: [], valLoss: [], elapsedMs: 0 };

/**
 * Watches training and says what is wrong with it: gradients by layer, gradients back in time ({@link timeGradient}),
 * gates that are saturated and units that are dead, the size of updates for that of the weights, and losses that stand
 * still or part. Everything is measured on batches that were just trained on, without dropout. Training ends with the
 * same bits as without it.
 *
 * @example
 * const diagnosis = new Diagnosis();
 * await model.fit(x, y, { epochs: 5, callbacks: [diagnosis] });
 * for (const { text } of diagnosis.report().advice) console.log(text);
 *
 * @throws UNKNOWN_NAME, OUT_OF_RANGE
 */
export class Diagnosis implements Callback {
  readonly name = 'diagnosis';
  readonly #everySteps: number;
  readonly #maxSamples: number;
  #recorded: Recorded;
  #isResumed = false;
  #before: { readonly step: number; readonly weights: WeightCopies } | undefined;

  constructor(options: DiagnosisOptions = {}) {
    refuseUnknownOptions('Diagnosis', options, ['everySteps', 'maxSamples']);
    const { everySteps = 100, maxSamples = 40 } = options;
    requireCount('Diagnosis', 'everySteps', everySteps);
    requireCount('Diagnosis', 'maxSamples', maxSamples, 4);
    this.#everySteps = everySteps;
    this.#maxSamples = maxSamples;
    this.#recorded = { ...nothing, everySteps };
  }

  onTrainBegin({ model }: TrainingContext): void {
    if (!this.#isResumed) this.#recorded = { ...nothing, everySteps: this.#everySteps };
    this.#isResumed = false;
    this.#before = undefined;
    const { globalClipNorm } = model.optimizer.getConfig().config as { globalClipNorm?: number | undefined };
    this.#recorded = { ...this.#recorded, clipNorm: globalClipNorm ?? null };
  }

  onBatchEnd(_progress: Progress, context: TrainingContext): Promise<void> | undefined {
    if (isMeasured(context.numSteps, this.#recorded.everySteps)) return this.#measure(context);
    this.#keepWeights(context);
    return undefined;
  }

  /** The end of the last epoch is measured too. */
  onEpochEnd(epoch: number, { loss, valLoss }: Logs, context: TrainingContext): Promise<void> | undefined {
    const recorded = this.#recorded;
    this.#recorded = {
      ...recorded,
      loss: [...recorded.loss, loss],
      valLoss: valLoss === undefined ? recorded.valLoss : [...recorded.valLoss, valLoss],
    };
    const isLast = epoch === context.epochs - 1 && recorded.samples.at(-1)?.step !== context.numSteps;
    return isLast ? this.#measure(context) : undefined;
  }

  getState(): CallbackState {
    return { values: { recorded: this.#recorded as unknown as Json } };
  }

  setState({ values }: CallbackState): void {
    if (values.recorded === undefined) return;
    this.#recorded = values.recorded as unknown as Recorded;
    this.#isResumed = true;
  }

  /** What was found so far, and what to change; plain JSON. */
  report(): DiagnosisReport {
    const facts = factsOf(this.#recorded);
    return { ...facts, advice: adviceOn(facts) };
  }

  async #measure(context: TrainingContext): Promise<void> {
    const { model, numSteps: step, lossOfLastBatch } = context;
    if (lossOfLastBatch === undefined) return;
    const startedMs = performance.now();
    const groups = trainableByLayer(model);
    const ratios = this.#before?.step === step - 1 ? await updateRatios(this.#before.weights, groups) : null;
    const sample: Sample = { step, updateRatios: ratios, ...(await measure(model, lossOfLastBatch, groups)) };
    const samples = [...this.#recorded.samples, sample];
    const isFull = samples.length > this.#maxSamples;
    const { everySteps, elapsedMs } = this.#recorded;
    this.#recorded = {
      ...this.#recorded,
      samples: isFull ? thinned(samples) : samples,
      everySteps: isFull ? 2 * everySteps : everySteps,
      elapsedMs: elapsedMs + performance.now() - startedMs,
    };
    this.#keepWeights(context);
  }

  /** Copies the weights where the step to come is measured. */
  #keepWeights({ model, numSteps: step }: TrainingContext): void {
    this.#before = isMeasured(step + 1, this.#recorded.everySteps)
      ? { step, weights: copyWeights(trainableByLayer(model)) }
      : undefined;
  }
}
