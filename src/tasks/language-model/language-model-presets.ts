const zaremba = {
  level: 'words',
  punctuation: 'attach',
  maxTokens: 10_000,
  cell: 'lstm',
  layers: 2,
  batchSize: 20,
  optimizer: 'sgd',
} as const;

/**
 * Sets of options that papers or practice found to go well together; options that are given besides count before them.
 * Rates and clipping are of the loss per token: those of Zaremba et al., who sum over the steps of a window, are
 * multiplied by its length and divided by it.
 */
export const languageModelPresets = {
  none: {},
  /**
   * For texts cut into words, on two cores in an hour or so: Zaremba et al.'s regularisation on a small model whose
   * output uses the embedding's table.
   */
  words: {
    level: 'words',
    cell: 'lstm',
    layers: 2,
    units: 256,
    tied: true,
    dropout: 0.3,
    inputDropout: 0.3,
    initialRange: 0.1,
    batchSize: 20,
    timesteps: 35,
    epochs: 18,
    optimizer: 'sgd',
    learningRate: 30,
    clipNorm: 0.15,
  },
  /**
   * Zaremba et al. 2014, "Recurrent neural network regularization", section 4.1, for texts cut into words: the small
   * model, without dropout.
   */
  'zaremba-small': {
    ...zaremba,
    units: 200,
    embeddingUnits: 200,
    initialRange: 0.1,
    timesteps: 20,
    epochs: 13,
    learningRate: 20,
    clipNorm: 0.25,
    fullRateEpochs: 4,
    rateDecay: 0.5,
  },
  /** The medium model of the same paper: half of all values between layers are dropped. */
  'zaremba-medium': {
    ...zaremba,
    units: 650,
    embeddingUnits: 650,
    initialRange: 0.05,
    dropout: 0.5,
    inputDropout: 0.5,
    timesteps: 35,
    epochs: 39,
    learningRate: 35,
    clipNorm: 5 / 35,
    fullRateEpochs: 6,
    rateDecay: 1 / 1.2,
  },
  /** The large model of the same paper. */
  'zaremba-large': {
    ...zaremba,
    units: 1500,
    embeddingUnits: 1500,
    initialRange: 0.04,
    dropout: 0.65,
    inputDropout: 0.65,
    timesteps: 35,
    epochs: 55,
    learningRate: 35,
    clipNorm: 10 / 35,
    fullRateEpochs: 14,
    rateDecay: 1 / 1.15,
  },
  /**
   * Merity et al. 2018, "Regularizing and optimizing LSTM language models", section 4, with windows of one length. With
   * `units: 400` and 40 epochs it is a matter of hours on two cores.
   */
  awd: {
    level: 'words',
    punctuation: 'attach',
    cell: 'lstm',
    layers: 3,
    units: 1150,
    embeddingUnits: 400,
    tied: true,
    dropout: 0.3,
    inputDropout: 0.4,
    variational: true,
    weightDropout: 0.5,
    embeddingDropout: 0.1,
    activationPenalty: 2,
    changePenalty: 1,
    batchSize: 40,
    timesteps: 70,
    epochs: 500,
    optimizer: 'ntasgd',
    learningRate: 30,
    clipNorm: 0.25,
    weightDecay: 1.2e-6,
    initialRange: 0.1,
  },
  /**
   * Layers without recurrent products (Feng et al. 2024, "Were RNNs all we needed?"), which are fast on long windows.
   */
  mingru: { cell: 'minGRU', layers: 3, units: 256, dropout: 0.1, timesteps: 128, epochs: 15 },
  /** Three layers with one dropout mask for each sequence, for texts of some megabytes. */
  stacked: {
    cell: 'lstm',
    layers: 3,
    units: 256,
    dropout: 0.2,
    inputDropout: 0.1,
    variational: true,
    timesteps: 100,
    epochs: 20,
  },
} as const;

export type LanguageModelPreset = keyof typeof languageModelPresets;

/** Names of the presets, `none` first. */
export const languageModelPresetNames = Object.keys(languageModelPresets) as LanguageModelPreset[];
