import type { GateActivity } from './activity.js';

import type { Decay } from './decay.js';

/** A layer's weights over training; lists go with {@link DiagnosisReport.steps}. */
export interface LayerReport {
  /** The path of the layer in the model. */
  readonly layer: string;
  /** Norm of the loss's derivatives by all weights of the layer, before clipping. */
  readonly gradientNorms: readonly number[];
  /** `|change| / |weight|` of the step; null where it was not measured, or the weights were zeros. */
  readonly updateRatios: readonly (number | null)[];
  readonly medianGradientNorm: number;
  readonly medianUpdateRatio: number | null;
  readonly lastUpdateRatio: number | null;
}

/** A gradient on its way back in time, at one step of training. */
export interface TimeGradientReport {
  readonly step: number;
  /** By distance from the layer's last step. */
  readonly norms: readonly number[];
  /** Null where there are too few norms to say. */
  readonly decay: Decay | null;
}

/** A recurrent layer; gates and dead units as they were measured last. */
export interface RecurrentReport {
  readonly layer: string;
  readonly cell: string;
  readonly units: number;
  /** The first and the last that were measured; null where the loss does not depend on the layer's last step. */
  readonly timeGradient: { readonly first: TimeGradientReport; readonly last: TimeGradientReport } | null;
  readonly gates: readonly GateActivity[];
  readonly numDead: number;
}

/** What {@link Diagnosis} found, without what follows from it; plain JSON. */
export interface DiagnosisFacts {
  /** Steps of training that were measured. */
  readonly steps: readonly number[];
  readonly layers: readonly LayerReport[];
  /** Norm of all gradients together, before clipping. */
  readonly gradientNorms: readonly number[];
  /** The optimizer's `globalClipNorm`. */
  readonly clipNorm: number | null;
  readonly recurrent: readonly RecurrentReport[];
  /** By epoch; `valLoss` is empty without validation data. */
  readonly loss: readonly number[];
  readonly valLoss: readonly number[];
  /** How long measuring took. */
  readonly elapsedMs: number;
}

export interface DiagnosisReport extends DiagnosisFacts {
  /** Empty where nothing stands out. */
  readonly advice: readonly Advice[];
}

/** Something that stands out, with its figure, and what to change. */
export interface Advice {
  readonly about:
    | 'explodingGradient'
    | 'vanishingGradient'
    | 'clipping'
    | 'depth'
    | 'saturation'
    | 'forgetting'
    | 'deadUnits'
    | 'largeUpdates'
    | 'smallUpdates'
    | 'noGradient'
    | 'plateau'
    | 'overfitting'
    | 'divergence';
  /** The path of the layer; null where it is about the model. */
  readonly layer: string | null;
  /** Plain sentences. */
  readonly text: string;
}
