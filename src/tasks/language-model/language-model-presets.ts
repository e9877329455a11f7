import type { LanguageModelOptions } from './language-model-training.js';

/**
 * Sets of options that papers or practice found to go well together; options that are given besides count before them. Each
 * is the network and its regularisation: the optimizer is always this task's own (Adam along a cosine), so published numbers of the
 * same networks, trained by other means, are not promised.
 */
export const languageModelPresets = {
  none: {},
  /** The small model of Zaremba et al. 2014, "Recurrent neural network regularization", section 4.1, for texts cut into words. */
  'zaremba-small': { level: 'words', punctuation: 'attach', maxTokens: 10_000, cell: 'lstm', layers: 2, units: 200, embeddingUnits: 200, dropout: 0, batchSize: 20, timesteps: 20, epochs: 13 },
  /** The regularisation of Merity et al. 2018, "Regularizing and optimizing LSTM language models", table 5, on layers of one width. */
  awd: {
    level: 'words', cell: 'lstm', layers: 3, units: 400, tied: true, dropout: 0.3, inputDropout: 0.4, variational: true, weightDropout: 0.5,
    embeddingDropout: 0.1, activationPenalty: 2, changePenalty: 1, batchSize: 20, timesteps: 70, epochs: 40,
  },
  /** Layers without recurrent products (Feng et al. 2024, "Were RNNs all we needed?"), which are fast on long windows. */
  mingru: { cell: 'minGRU', layers: 3, units: 256, dropout: 0.1, timesteps: 128, epochs: 15 },
  /** Three layers with one dropout mask for each sequence, for texts of some megabytes. */
  stacked: { cell: 'lstm', layers: 3, units: 256, dropout: 0.2, inputDropout: 0.1, variational: true, timesteps: 100, epochs: 20 },
} as const satisfies Record<string, LanguageModelOptions>;

export type LanguageModelPreset = keyof typeof languageModelPresets;

/** Names of the presets, `none` first. */
export const languageModelPresetNames = Object.keys(languageModelPresets) as LanguageModelPreset[];
