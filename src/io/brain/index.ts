/** Nets of brain.js. */

export { brainLSTM } from './brain-lstm.js';
export { type BrainRunOptions, BrainText } from './brain-text.js';
export { type BrainNet, type BrainNetType, brainNetTypes, type ReadBrainOptions, readBrain } from './read-brain.js';
