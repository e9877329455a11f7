import { adviceOnActivity } from './advice-on-activity.js';
import { adviceOnLoss } from './advice-on-loss.js';
import { adviceOnTimeGradient } from './advice-on-time-gradient.js';
import { adviceOnWeights } from './advice-on-weights.js';
import type { DiagnosisFacts } from './report.js';

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

/** What to change: in the recurrent layers, then in the size of steps, then in the run. */
export function adviceOn(facts: DiagnosisFacts): Advice[] {
  if (facts.steps.length === 0) return [];
  return [
    ...facts.recurrent.flatMap((layer) => [...adviceOnActivity(layer), ...adviceOnTimeGradient(layer)]),
    ...adviceOnWeights(facts),
    ...adviceOnLoss(facts),
  ];
}
