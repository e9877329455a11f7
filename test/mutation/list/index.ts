import type { Mutation } from '../mutation.js';
import { asynchronousMutations } from './asynchronous.js';
import { commandLineMutations } from './command-line.js';
import { dataAndFileMutations } from './data-and-files.js';
import { expressionAndCellMutations } from './expressions-and-cells.js';
import { kernelMutations } from './kernels.js';
import { layerAndTrainingMutations } from './layers-and-training.js';
import { machineCodeMutations } from './machine-code.js';
import { taskMutations } from './tasks.js';
import { tensorMutations } from './tensors.js';
import { translatorMutations } from './translators.js';

/** Bugs that a tired person could write, over all rooms of the project. */
export const mutations: readonly Mutation[] = [
  ...expressionAndCellMutations,
  ...kernelMutations,
  ...machineCodeMutations,
  ...tensorMutations,
  ...layerAndTrainingMutations,
  ...asynchronousMutations,
  ...dataAndFileMutations,
  ...taskMutations,
  ...translatorMutations,
  ...commandLineMutations,
];
