import { Catalog, type Given, type NameIn } from '../../layers/configured.js';
import { adadelta } from './adadelta.js';
import { adagrad } from './adagrad.js';
import { adam, adamW } from './adam.js';
import { averagedSGD } from './averaged-sgd.js';
import { lion } from './lion.js';
import { nadam } from './nadam.js';
import type { Optimizer } from './optimizer.js';
import { rmsprop } from './rmsprop.js';
import { sgd } from './sgd.js';

// All as Keras and PyTorch spell them too: `new optimizers.Adam({ learningRate: 0.01 })` gives the same optimizer.
export { type AdadeltaOptions, adadelta, adadelta as Adadelta } from './adadelta.js';
export { type AdagradOptions, adagrad, adagrad as Adagrad } from './adagrad.js';
export { type AdamOptions, adam, adam as Adam, adamW, adamW as AdamW } from './adam.js';
export { type AveragedSGDOptions, averagedSGD, averagedSGD as AveragedSGD } from './averaged-sgd.js';
export { type LionOptions, lion, lion as Lion } from './lion.js';
export { type NadamOptions, nadam, nadam as Nadam } from './nadam.js';
export { Optimizer, type OptimizerState } from './optimizer.js';
export type { OptimizerOptions } from './options.js';
export { type RMSpropOptions, rmsprop, rmsprop as RMSprop } from './rmsprop.js';
export { type SGDOptions, sgd, sgd as SGD } from './sgd.js';
export type { Moment, UpdateContext, UpdateRule } from './update-rule.js';

const makers = { sgd, rmsprop, adagrad, adadelta, adam, adamW, nadam, lion, averagedSGD };

const aliases = { adamw: 'adamW' };

/** A name that there is. */
export type OptimizerName = NameIn<typeof makers | typeof aliases>;

/** An optimizer, its name, or its stored configuration. */
export type OptimizerLike = Given<Optimizer, OptimizerName>;

const catalog = new Catalog<Optimizer>('optimizer', makers, aliases);

export const optimizerNames = catalog.names;

/** The optimizer that is given; by name or configuration a new one. @throws UNKNOWN_NAME with the nearest names. */
export function optimizerNamed(given: Given<Optimizer>, where = 'optimizer'): Optimizer {
  return catalog.named(given, where);
}
