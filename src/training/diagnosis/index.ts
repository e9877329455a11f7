/** What watches training and says what is wrong with it. */
export type { GateActivity } from './activity.js';
export type { Decay } from './decay.js';
export { Diagnosis, type DiagnosisOptions } from './diagnosis.js';
export type {
  Advice,
  DiagnosisFacts,
  DiagnosisReport,
  LayerReport,
  RecurrentReport,
  TimeGradientReport,
} from './report.js';
