export {
  type DocumentKind,
  type DocumentStarts,
  documentKinds,
  type StartKind,
  type TextStart,
} from './document-starts.js';
export type { DynamicOptions } from './dynamic-evaluation.js';
export {
  LanguageModel,
  type NextToken,
  type TextScore,
  type TrainedText,
} from './language-model.js';
export type { LanguageModelData } from './language-model-data.js';
export {
  type LanguageModelOptimizer,
  type LanguageModelOptions,
  languageModelOptimizers,
  languageModelOptions,
} from './language-model-options.js';
export {
  type LanguageModelPreset,
  languageModelPresetNames,
  languageModelPresets,
} from './language-model-presets.js';
export { type LanguageModelBeginning, LanguageModelTraining } from './language-model-training.js';
export { type SequenceLevelTextOptions, sequenceLevelText } from './sequence-level-text.js';
export type { TextBaseline } from './text-baseline.js';
