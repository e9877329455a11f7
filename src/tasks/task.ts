import type { SavedFields } from '../data/saved-fields.js';
import type { TokenizerLibrary } from '../data/tokens/tokenizer-codec.js';
import type { Json } from '../layers/layer.js';
import type { Model } from '../training/model.js';
import { Sequential } from '../training/sequential.js';
import type { ModuleCode, ModuleNets, TakenByNet } from './module-code.js';
import type { TrainingOutcome } from './training-run.js';

/** Fields of a file, as JSON. */
export type TaskFields = { readonly [field: string]: Json | undefined };

/**
 * What a task makes: a trained model with everything that turns data into answers. Which data and answers these are is
 * the task's own, so they have no type here.
 */
export interface TaskModel {
  /** Which task it is of, as `registerTask` knows it; its file says so. */
  readonly task: string;
  readonly model: Model;
  /** Everything it was trained with; its file keeps it as JSON. */
  readonly options: object;
  /** How training went; undefined before. */
  readonly outcome?: TrainingOutcome | undefined;
  /** What it says of data. */
  predict(data: never, options?: never): Promise<unknown>;
  /** How right that is, measured on data whose answers are known. */
  evaluate(data: never, options?: never): Promise<object>;
  /** Nets that code is written of in place of `model`; undefined where that is one. */
  moduleNets?(): ModuleNets;
  /** Code around its net for a module of `standaloneCode`; undefined where there is none. @throws USAGE */
  moduleCode?(takes: TakenByNet): ModuleCode;
  /** @internal Forgets the errors that training measured, where the net is no longer the one that they are of. */
  forgetReport?(): void;
  /** What its file keeps beside the weights, `options` and `outcome`. */
  toJSON(): TaskFields;
}

/** What a task's model is made of again. */
export interface SavedTask {
  readonly model: Model;
  /** What {@link TaskModel.toJSON} wrote, and `options`; what is wrong with it is FILE_FORMAT with the file's name. */
  readonly saved: SavedFields;
  readonly outcome: TrainingOutcome | undefined;
  /** Makes the tokenizer of another program, where a file needs one and the caller gave the library. */
  readonly tokenizers: TokenizerLibrary | undefined;
}

/** Makes a task's model from its file. */
export type TaskRestorer = (file: SavedTask) => TaskModel;

/** @internal The model of a task that trains nothing but a `Sequential`. @throws FILE_FORMAT */
export function sequentialOf({ model, saved }: SavedTask): Sequential {
  if (model instanceof Sequential) return model;
  throw saved.fault('the model is not one of its task.', 'Sequential', model.className);
}
