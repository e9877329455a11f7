import type { Mutation } from '../mutation.js';
import { expressionAndCellMutations } from './expressions-and-cells.js';
import { kernelMutations } from './kernels.js';
import { tensorMutations } from './tensors.js';

/** Bugs that a tired person could write, over all rooms of the project. */
export const mutations: readonly Mutation[] = [...expressionAndCellMutations, ...kernelMutations, ...tensorMutations];
