import type * as callback from './callbacks/callback.js';
import type * as fit from './fit-options.js';
import type { Model } from './model.js';
import type { Trainable } from './trainable.js';

/** The types of training with {@link Model} in the place of all that can be trained: what programs are written with. */
export type { ValidationData } from './fit-options.js';
export type { Trainable } from './trainable.js';

/** @inheritDoc */
export interface TrainingContext<Trained extends Trainable = Model> extends callback.TrainingContext<Trained> {}

/** @inheritDoc */
export interface Callback<Trained extends Trainable = Model> extends callback.Callback<Trained> {}

/** @inheritDoc */
export interface CheckpointOptions<Trained extends Trainable = Model> extends fit.CheckpointOptions<Trained> {}

/** @inheritDoc */
export interface DatasetFitOptions<Trained extends Trainable = Model> extends fit.DatasetFitOptions<Trained> {}

/** @inheritDoc */
export interface FitOptions<Trained extends Trainable = Model> extends fit.FitOptions<Trained> {}
