import { adviceOnActivity } from './advice-on-activity.js';
import { adviceOnLoss } from './advice-on-loss.js';
import { adviceOnTimeGradient } from './advice-on-time-gradient.js';
import { adviceOnWeights } from './advice-on-weights.js';
import type { Advice, DiagnosisFacts } from './report.js';

/** What to change: in the recurrent layers, then in the size of steps, then in the run. */
export function adviceOn(facts: DiagnosisFacts): Advice[] {
  if (facts.steps.length === 0) return [];
  return [
    ...facts.recurrent.flatMap((layer) => [...adviceOnActivity(layer), ...adviceOnTimeGradient(layer)]),
    ...adviceOnWeights(facts),
    ...adviceOnLoss(facts),
  ];
}
