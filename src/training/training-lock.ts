import { RondoError } from '../errors.js';
import type { Trainable } from './trainable.js';

const inTraining = new WeakSet<Trainable>();

/** Runs work that changes a model's weights step by step. @throws USAGE where such work is going on */
export async function trainAlone<T>(model: Trainable, where: string, work: () => Promise<T>): Promise<T> {
  if (inTraining.has(model))
    throw new RondoError('USAGE', {
      where,
      what: 'the model is being trained already.',
      fix: 'await the first fit before the second.',
    });
  inTraining.add(model);
  try {
    return await work();
  } finally {
    inTraining.delete(model);
  }
}
