import { decayOf } from './decay.js';
import type { Measurement, RecurrentMeasurement } from './measure.js';
import type { DiagnosisFacts, LayerReport, RecurrentReport, TimeGradientReport } from './report.js';

/** What was measured after a step. */
export interface Sample extends Measurement {
  readonly step: number;
  /** See {@link updateRatios}; null where the weights before the step are not known. */
  readonly updateRatios: Readonly<Record<string, number | null>> | null;
}

/** All that was seen of a training; plain JSON. */
export interface Recorded {
  readonly samples: readonly Sample[];
  readonly everySteps: number;
  readonly clipNorm: number | null;
  readonly loss: readonly number[];
  readonly valLoss: readonly number[];
  readonly elapsedMs: number;
}

/** Samples as they are reported: by layer. */
export function factsOf({ samples, clipNorm, loss, valLoss, elapsedMs }: Recorded): DiagnosisFacts {
  const [first, last] = [samples[0], samples.at(-1)];
  return {
    steps: samples.map(({ step }) => step),
    layers: Object.keys(last?.gradientNorms ?? {}).map((layer) => layerReport(layer, samples)),
    gradientNorms: samples.map(({ gradientNorms }) =>
      Math.sqrt(Object.values(gradientNorms).reduce((sum, norm) => sum + norm * norm, 0)),
    ),
    clipNorm,
    recurrent: (last?.recurrent ?? []).map((measured) => recurrentReport(measured, first, last!)),
    loss,
    valLoss,
    elapsedMs,
  };
}

function layerReport(layer: string, samples: readonly Sample[]): LayerReport {
  const gradientNorms = samples.map((sample) => sample.gradientNorms[layer]);
  const updateRatios = samples.map((sample) => sample.updateRatios?.[layer] ?? null);
  const measured = updateRatios.filter((ratio) => ratio !== null);
  return {
    layer,
    gradientNorms,
    updateRatios,
    medianGradientNorm: median(gradientNorms)!,
    medianUpdateRatio: median(measured) ?? null,
    lastUpdateRatio: measured.at(-1) ?? null,
  };
}

function recurrentReport(
  { layer, cell, units, gates, numDead, timeGradient }: RecurrentMeasurement,
  first: Sample,
  last: Sample,
): RecurrentReport {
  const before = first.recurrent.find((measured) => measured.layer === layer)?.timeGradient;
  const of = (step: number, norms: readonly number[]): TimeGradientReport => ({
    step,
    norms,
    decay: decayOf(norms) ?? null,
  });
  return {
    layer,
    cell,
    units,
    gates,
    numDead,
    timeGradient: timeGradient && { first: of(first.step, before ?? timeGradient), last: of(last.step, timeGradient) },
  };
}

/** The middle of the sorted values, of an even number the lower of the two; undefined for none. */
export function median(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
}
