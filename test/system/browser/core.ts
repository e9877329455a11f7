import {
  Bidirectional,
  Dense,
  Dropout,
  defineCell,
  Embedding,
  GRU,
  LayerNormalization,
  LSTM,
  ops,
  RNN,
  SimpleRNN,
  setThreads,
  tensor,
  useBackend,
  valueAndGradients,
} from 'rondo';

// What builds, runs and differentiates a network, with every cell and kernel; `fit` and what it takes by name are
// apart.
Object.assign(globalThis, {
  core: [
    Bidirectional,
    defineCell,
    Dense,
    Dropout,
    Embedding,
    GRU,
    LayerNormalization,
    LSTM,
    ops,
    RNN,
    setThreads,
    SimpleRNN,
    tensor,
    useBackend,
    valueAndGradients,
  ],
});
