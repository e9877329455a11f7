import type { Command } from '../options.js';

const tuned = async (train: Command): Promise<Command> => (await import('./tune.js')).tuneCommand(train);

/** Every command by its name, in the order of `rondo --help`. One is loaded when it is run. */
export const commands: Readonly<Record<string, () => Promise<Command>>> = {
  'train language-model': async () => (await import('./train-language-model.js')).trainLanguageModel,
  'train forecast': async () => (await import('./train-forecast.js')).trainForecast,
  'train tag': async () => (await import('./train-tag.js')).trainTag,
  'train classify': async () => (await import('./train-classify.js')).trainClassify,
  'tune language-model': async () => tuned((await import('./train-language-model.js')).trainLanguageModel),
  'tune forecast': async () => tuned((await import('./train-forecast.js')).trainForecast),
  'tune tag': async () => tuned((await import('./train-tag.js')).trainTag),
  'tune classify': async () => tuned((await import('./train-classify.js')).trainClassify),
  generate: async () => (await import('./generate.js')).generate,
  predict: async () => (await import('./predict.js')).predict,
  evaluate: async () => (await import('./evaluate.js')).evaluate,
  explain: async () => (await import('./explain.js')).explain,
  robustness: async () => (await import('./robustness.js')).robustness,
  inspect: async () => (await import('./inspect.js')).inspect,
  bench: async () => (await import('./bench.js')).bench,
  doctor: async () => (await import('./doctor.js')).doctor,
  vectors: async () => (await import('./vectors.js')).vectors,
  demo: async () => (await import('./demo.js')).demo,
};
