import type { Json } from '../layers/layer.js';
import type { Model } from '../training/model.js';
import type { ModelOutput } from '../training/model-outputs.js';
import type { TrainingSnapshot } from '../training/snapshot.js';
import type { OnnxModel } from './onnx/onnx-model.js';

/** A file that may hold a model. */
export interface ModelFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Another file by its path from this one's folder, such as a shard. @throws FILE_ACCESS, FILE_FORMAT */
  readonly sibling: (path: string) => Promise<Uint8Array>;
}

/** Where weights of a file have gone. */
export interface MatchedWeights {
  /** The layer or module as the file names it. */
  readonly source: string;
  /** What the file says that it is. */
  readonly kind: string;
  /** The layers that were made of it. */
  readonly layers: readonly string[];
  /** Its tensors by the file's names. */
  readonly tensors: readonly string[];
}

/** A model of a file of any format. */
export interface ModelRead {
  /** A model of this library; of an ONNX file its graph, which runs and does not train. */
  readonly model: Model<ModelOutput> | OnnxModel;
  /** What became of the file's weights; empty where they need no matching. */
  readonly matched: readonly MatchedWeights[];
  /** Tensors of the file that nothing has taken. */
  readonly leftOver: readonly string[];
  /** What was left out or decided, in sentences. */
  readonly notes: readonly string[];
  /** What turns raw data into inputs, where the format has a place for it. */
  readonly preprocessing: Json;
  /** For `fit`'s `resumeFrom`, where the file holds it. */
  readonly training?: TrainingSnapshot | undefined;
}

/** A model as files of a format. */
export interface ModelWritten {
  /** By name, the one that was asked for first; others belong into its folder. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** What the format has no place for, in sentences. */
  readonly notes: readonly string[];
}

/** What is written. */
export interface ModelToWrite {
  readonly model: Model<ModelOutput>;
  readonly preprocessing: Json;
}

/** A format of models. @typeParam Options what its reader can be told. @typeParam WriteOptions what its writer can. */
export interface ModelFormat<
  Options extends object = Record<string, unknown>,
  WriteOptions extends object = Record<string, unknown>,
> {
  /** The program whose format it is. */
  readonly title: string;
  /** Whether a file is one, by its beginning where that says it. */
  recognises(bytes: Uint8Array, name: string): boolean;
  readonly read?: {
    /** What names of its files end with. */
    readonly endings: readonly string[];
    /** Names of what the reader can be told. */
    readonly options: readonly string[];
    model(file: ModelFile, options: Options): Promise<ModelRead>;
  };
  readonly write?: {
    readonly endings: readonly string[];
    /** Names of what the writer can be told; none where absent. */
    readonly options?: readonly string[];
    /** @param name of the file, without folders. */
    files(toWrite: ModelToWrite, name: string, options: WriteOptions): Promise<ModelWritten>;
  };
}

/** A model that needed no matching of weights and left nothing out. */
export function plainlyRead(model: ModelRead['model'], more: Partial<ModelRead> = {}): ModelRead {
  return { model, matched: [], leftOver: [], notes: [], preprocessing: null, ...more };
}

/** The note of formats that have no place for what turns raw data into inputs. */
export function withoutPreprocessing(title: string, preprocessing: Json): string[] {
  return preprocessing === null ? [] : [`what turns raw data into inputs is left out: ${title} has no place for it`];
}
