import type { Classifier, Forecaster, LanguageModel, Tagger } from '../src/index.js';

/** The tasks that the command line knows. */
export type KnownTask = LanguageModel | Forecaster | Classifier | Tagger;
