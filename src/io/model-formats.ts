import { RondoError, refuseUnknownOptions, requireKind, unknownName } from '../errors.js';
import type { Json } from '../layers/layer.js';
import { Model } from '../training/model.js';
import type { ModelOutput } from '../training/model-outputs.js';
import { brainFormat } from './brain/brain-format.js';
import type { ReadBrainOptions } from './brain/read-brain.js';
import { fileKindOf } from './file-kind.js';
import { kerasFormat } from './keras/keras-format.js';
import type { ReadKerasOptions } from './keras/read-keras.js';
import type { ModelFile, ModelFormat, ModelRead, ModelWritten } from './model-format.js';
import { onnxFormat } from './onnx/onnx-format.js';
import type { WriteOnnxOptions } from './onnx/write/write-onnx.js';
import type { ModelFromStateDictOptions } from './pytorch/model-from-state-dict.js';
import { pytorchFormat } from './pytorch/pytorch-format.js';
import type { ReadStateDictOptions } from './pytorch/read-state-dict.js';
import { requireBytes } from './require-bytes.js';
import { rondoFormat } from './rondo-format.js';
import { tensorFlowJsFormat } from './tensorflow-js/tensorflow-js-format.js';

/** Every format of models. A file is the first one's that recognises it, or else is known by its ending. */
const formats = {
  rondo: rondoFormat,
  pytorch: pytorchFormat,
  onnx: onnxFormat,
  brain: brainFormat,
  keras: kerasFormat,
  tensorflowjs: tensorFlowJsFormat,
} as const;

/** The names of formats. */
export type ModelFormatName = keyof typeof formats;
const names = Object.keys(formats) as ModelFormatName[];

/** What readers can be told; each format has its own of these. */
export interface ReadModelOptions
  extends Omit<ReadStateDictOptions, 'copy'>,
    ModelFromStateDictOptions,
    ReadBrainOptions,
    ReadKerasOptions {
  /** By default what the file's content and name say. */
  format?: ModelFormatName | undefined;
  /** Gives another file of the folder that the model is in, such as a shard of weights. By default there is none. */
  sibling?: ((path: string) => Promise<Uint8Array>) | undefined;
}

/** Beside these, what writers can be told; each format has its own. */
export interface WriteModelOptions extends WriteOnnxOptions {
  /** By default what the name's ending says; `.safetensors` is this library's own. */
  format?: ModelFormatName | undefined;
  /** What turns raw data into inputs, for formats that have a place for it. */
  preprocessing?: Json | undefined;
}

/** A model of a file, and whose format the file has. */
export interface ReadModel extends ModelRead {
  readonly format: ModelFormatName;
}

/**
 * The model of a file of any format: this library's own, PyTorch's state dicts, ONNX, Keras, brain.js, TensorFlow.js.
 *
 * @param name the file's, which tells formats that have no signature, and is in messages.
 * @throws FILE_FORMAT where the bytes are of no format that is read; UNKNOWN_NAME for options that the format has not; as the reader of
 *   the format
 *
 * @example
 * const { model, notes } = await readModel(new Uint8Array(await response.arrayBuffer()), 'tagger.onnx');
 */
export async function readModel(bytes: Uint8Array, name: string, options: ReadModelOptions = {}): Promise<ReadModel> {
  requireBytes(bytes, name);
  const { format: wanted, sibling = refusing(name), ...given } = options;
  const file: ModelFile = { bytes, name, sibling };
  const format = wanted === undefined ? modelFormatOf(bytes, name) : namedFormat('readModel', wanted);
  const { read, title }: ModelFormat<object> = formats[format];
  if (read === undefined)
    throw new RondoError('USAGE', {
      where: name,
      what: `files of ${title} are written alone.`,
      expected: `a file of ${titles('read')}`,
      fix: 'give a file of another format.',
    });
  refuseUnknownOptions(`readModel of ${title}`, given, read.options);
  return { format, ...(await read.model(file, given)) };
}

/**
 * A model as files of a format, the one that was asked for first.
 *
 * @param name of the file, whose ending says the format.
 * @throws USAGE where no format that is written has the ending, or the format has no counterpart of a layer
 */
export async function writeModel(
  model: Model<ModelOutput>,
  name: string,
  options: WriteModelOptions = {},
): Promise<ModelWritten> {
  const where = 'writeModel';
  requireKind(model instanceof Model, model, {
    where,
    what: 'this is no model.',
    fix: 'give a Sequential or a Functional.',
  });
  const { preprocessing = null, format: wanted, ...given } = options;
  const format = wanted === undefined ? formatOfName(name, 'write') : namedFormat(where, wanted);
  const { write, title }: Partial<ModelFormat<object>> = format === undefined ? {} : formats[format];
  if (write === undefined || !hasEnding(name, write.endings))
    throw new RondoError('USAGE', {
      where,
      what:
        title === undefined
          ? 'the ending says no format that is written.'
          : `${title} has no file of this ending that is written.`,
      expected: `a file of ${titles('write')}`,
      received: name,
      fix: 'name the file by what it is to be.',
    });
  refuseUnknownOptions(`${where} of ${title}`, given, write.options ?? []);
  return write.files({ model, preprocessing }, name, given);
}

/** The endings of files that are read or written, with the formats' titles. */
export function modelEndings(use: 'read' | 'write'): ReadonlyMap<string, string> {
  const all = new Map<string, string>();
  for (const name of usable(use)) {
    for (const ending of endingsOf(name, use)) if (!all.has(ending)) all.set(ending, formats[name].title);
  }
  return all;
}

/** The format of a file by its content, else by its name. @throws FILE_FORMAT where it is none */
export function modelFormatOf(bytes: Uint8Array, name: string): ModelFormatName {
  requireBytes(bytes, name);
  const format = names.find((each) => formats[each].recognises(bytes, name)) ?? formatOfName(name, 'read');
  if (format !== undefined) return format;
  const kind = fileKindOf(bytes);
  throw new RondoError('FILE_FORMAT', {
    where: name,
    what: `this is no model that is read${kind === undefined ? '.' : `; it looks like ${kind}.`}`,
    expected: `a file of ${titles('read')}`,
    received: `${bytes.length} bytes`,
    fix: adviceFor(name),
  });
}

/** What to do with files that often stand where a model should. */
function adviceFor(name: string): string {
  if (/\.np[yz]$/i.test(name))
    return 'give a model: arrays are what a model is run on (rondo run MODEL ARRAYS), or read with readArrays.';
  if (/\.(pb|tflite|pbtxt)$/i.test(name))
    return 'graphs of TensorFlow are not read: save the model in Keras as .keras, or turn it into ONNX with tf2onnx.';
  return 'give the file of a model, with its own ending.';
}

function formatOfName(name: string, use: 'read' | 'write'): ModelFormatName | undefined {
  return usable(use).find((each) => hasEnding(name, endingsOf(each, use)));
}

function hasEnding(name: string, endings: readonly string[]): boolean {
  return endings.some((ending) => name.toLowerCase().endsWith(ending));
}

function endingsOf(name: ModelFormatName, use: 'read' | 'write'): readonly string[] {
  const format: ModelFormat<object> = formats[name];
  return format[use]?.endings ?? [];
}

function usable(use: 'read' | 'write'): ModelFormatName[] {
  return names.filter((name) => endingsOf(name, use).length > 0);
}

function titles(use: 'read' | 'write'): string {
  return usable(use)
    .map((name) => `${formats[name].title} (${endingsOf(name, use).join(', ')})`)
    .join(', ');
}

function namedFormat(where: string, name: string): ModelFormatName {
  if (Object.hasOwn(formats, name)) return name as ModelFormatName;
  throw unknownName(where, 'format', name, names);
}

function refusing(name: string): ModelFile['sibling'] {
  return async (path) => {
    throw new RondoError('USAGE', {
      where: name,
      what: `the model has another file, ${path}.`,
      expected: '`sibling`, which gives files of its folder',
      fix: 'write readModel(bytes, name, { sibling: async (path) => ... }), or load the model by its path in Node.',
    });
  };
}
