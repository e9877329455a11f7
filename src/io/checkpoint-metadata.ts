import { RondoError } from '../errors.js';
import type { Json } from '../layers/layer.js';
import type { LayerConfig } from '../training/layer-registry.js';
import type { Shape } from '../shape.js';
import type { TrainingConfig } from '../training/compiled.js';
import type { OptimizerState } from '../training/optimizers/index.js';
import type { TrainingSnapshot } from '../training/snapshot.js';

/** Files of a later format are refused, those of an earlier one read. */
export const formatVersion = 1;

/** The key of the metadata that makes a safetensors file a model. */
export const metadataKey = 'rondo';

/** What a model file says besides its tensors. */
export interface CheckpointMetadata {
  readonly formatVersion: number;
  /** The version of the library that wrote the file. */
  readonly libraryVersion: string;
  readonly architecture: LayerConfig;
  /** Shapes of one sample of each input; null where the weights were never made. */
  readonly inputShapes: readonly Shape[] | null;
  /** Null where the model was not compiled, or with a loss that is a function. */
  readonly compiled: TrainingConfig | null;
  /** Whatever turns raw data into inputs: a tokenizer, scalers. */
  readonly preprocessing: Json;
  /** Counters of the optimizer, where its state is in the file without a whole training state. */
  readonly optimizer: OptimizerState | null;
  readonly training: TrainingSnapshot['values'] | null;
}

/** As JSON, which has no words for NaN and infinity: they become `{"$number": "NaN"}`. */
export function encodeMetadata(metadata: CheckpointMetadata): string {
  return JSON.stringify(metadata, (_, value: unknown) => (typeof value === 'number' && !Number.isFinite(value) ? { $number: String(value) } : value));
}

/** @throws FILE_FORMAT where it is missing or damaged; FILE_VERSION where a later version of the library wrote it */
export function decodeMetadata(metadata: Readonly<Record<string, string>>, where: string): CheckpointMetadata {
  const text = metadata[metadataKey];
  if (text === undefined) {
    throw new RondoError('FILE_FORMAT', { where, what: 'the file holds weights, but does not say of which model.', expected: `a file written by saveModel, with metadata \`${metadataKey}\``, received: `metadata: ${Object.keys(metadata).join(', ') || 'none'}`, fix: 'make the model in code and read the weights with loadWeights.' });
  }
  let read: unknown;
  try {
    read = JSON.parse(text, (_, value: unknown) => (isNumberWord(value) ? Number(value.$number) : value));
  } catch (cause) {
    throw damaged(where, 'JSON', cause instanceof Error ? cause.message : String(cause), cause);
  }
  const version = isObject(read) ? read.formatVersion : undefined;
  if (!isObject(read) || typeof version !== 'number' || !Number.isInteger(version)) throw damaged(where, 'an object with a formatVersion', text.slice(0, 100));
  if (version > formatVersion) {
    throw new RondoError('FILE_VERSION', { where, what: 'the file was written by a later version of Rondo.', expected: `format ${formatVersion} or earlier`, received: `format ${version}, written by Rondo ${String(read.libraryVersion)}`, fix: 'update Rondo.' });
  }
  const { architecture } = read;
  if (!isObject(architecture) || typeof architecture.className !== 'string' || !isObject(architecture.config)) throw damaged(where, 'an architecture { className, config }', JSON.stringify(architecture) ?? 'none');
  const optional = { inputShapes: null, compiled: null, preprocessing: null, optimizer: null, training: null };
  return { ...optional, ...read } as unknown as CheckpointMetadata;
}

function isNumberWord(value: unknown): value is { $number: string } {
  return isObject(value) && typeof value.$number === 'string' && Object.keys(value).length === 1;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function damaged(where: string, expected: string, received: string, cause?: unknown): RondoError {
  return new RondoError('FILE_FORMAT', { where, what: 'the description of the model is damaged.', expected, received: received.slice(0, 200), fix: 'use an intact copy of the file.', cause });
}
