import type { Mutation } from '../mutation.js';
import { kernelMutations } from './kernels.js';

/** Bugs that a tired person could write, over all rooms of the project. */
export const mutations: readonly Mutation[] = [...kernelMutations];
