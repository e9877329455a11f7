import { isObject } from '../../data/saved-fields.js';
import { RondoError } from '../../errors.js';
import type { Json } from '../../layers/layer.js';

/** Files of Keras 1 and 2 (and TensorFlow.js), or of Keras 3: some names mean other things. */
export type KerasGeneration = 2 | 3;

/** What is known of a file while its layers are taken over. */
export interface KerasFile {
  /** Its name, for messages. */
  readonly where: string;
  readonly generation: KerasGeneration;
  /** What was left out or is computed in another way: by what it is, the layers. */
  readonly notes: Map<string, Set<string>>;
}

/** Options of a layer of this library, in the making. */
export type LayerFields = Record<string, Json | undefined>;

/** Notes as lines. */
export function noteLines({ notes }: KerasFile): string[] {
  return [...notes].map(([text, layers]) => {
    const names = [...layers].filter((name) => name !== '');
    const shown = names.slice(0, 8).join(', ');
    return names.length === 0 ? text : `${text} (${shown}${names.length > 8 ? `, and ${names.length - 8} more` : ''})`;
  });
}

/** Notes something about a layer, once. */
export function note(file: KerasFile, text: string, layer = ''): void {
  const layers = file.notes.get(text) ?? new Set();
  file.notes.set(text, layers.add(layer));
}

/** The fault of something in a file that has no counterpart here, or that must not be taken over. */
export function notTaken(file: KerasFile, place: string, what: string, received: unknown, fix?: string): RondoError {
  return new RondoError('FILE_FORMAT', {
    where: place === '' ? file.where : `${file.where}: ${place}`,
    what,
    received: (typeof received === 'string' ? received : (JSON.stringify(received) ?? 'nothing')).slice(0, 200),
    fix:
      fix ??
      'change the model in Keras and save it again, or make it in code and load its weights with loadKerasWeights.',
  });
}

/** Fields that say nothing about what a layer computes once its weights are there. */
const withoutEffect: ReadonlySet<string> = new Set([
  'autocast',
  'batch_input_shape',
  'batch_shape',
  'bias_initializer',
  'build_config',
  'dynamic',
  'flash_attention',
  'implementation',
  'input_length',
  'input_dtype',
  'kernel_initializer',
  'recurrent_initializer',
  'seed',
  'shared_object_id',
  'unroll',
  'use_cudnn',
]);

/** Fields of a layer's configuration. What no one asks for, and says something, is a fault. */
export class KerasFields {
  readonly #known = new Set<string>();
  readonly name: string;

  constructor(
    readonly file: KerasFile,
    readonly className: string,
    readonly fields: Readonly<Record<string, unknown>>,
  ) {
    this.name = typeof fields.name === 'string' ? fields.name : className;
  }

  get place(): string {
    return `the layer \`${this.name}\` (${this.className})`;
  }

  /** The raw value of a field; undefined where it is missing or null. */
  take(field: string): unknown {
    this.#known.add(field);
    const value = Object.hasOwn(this.fields, field) ? this.fields[field] : undefined;
    return value === null ? undefined : value;
  }

  /** Says that fields are known and change nothing here. */
  skip(...fields: string[]): void {
    for (const field of fields) this.#known.add(field);
  }

  number(field: string, fallback?: number): number {
    const value = plainNumber(this.take(field) ?? fallback);
    if (value === undefined) throw this.fault(field, 'a number');
    return value;
  }

  flag(field: string, fallback = false): boolean {
    const value = this.take(field) ?? fallback;
    if (typeof value !== 'boolean') throw this.fault(field, 'true or false');
    return value;
  }

  text(field: string, fallback?: string): string {
    const value = this.take(field) ?? fallback;
    if (typeof value !== 'string') throw this.fault(field, 'a text');
    return value;
  }

  /** A list of whole numbers, or one number as a list of one. */
  numbers(field: string): number[] {
    const value = this.take(field);
    const list = (Array.isArray(value) ? value : [value]).map(plainNumber);
    if (list.length > 32 || list.some((one) => one === undefined)) throw this.fault(field, 'numbers');
    return list as number[];
  }

  /** Refuses a field that has another value than the one this library computes with. */
  require(field: string, values: readonly unknown[], why: string): void {
    const value = this.take(field);
    if (value === undefined || values.includes(value)) return;
    throw notTaken(this.file, this.place, `${why}.`, `${field}: ${JSON.stringify(value)}`);
  }

  fault(field: string, expected: string): RondoError {
    const received = JSON.stringify(this.fields[field]) ?? 'nothing';
    return new RondoError('FILE_FORMAT', {
      where: `${this.file.where}: ${this.place}`,
      what: `\`${field}\` is not what it should be.`,
      expected,
      received: received.slice(0, 200),
      fix: 'use an intact file.',
    });
  }

  /** The fields that every layer has, as options. */
  common(): LayerFields {
    this.take('name');
    this.#dtype();
    if (this.take('activity_regularizer') !== undefined)
      note(this.file, 'penalties on activations are not taken over: they matter in training alone', this.name);
    return { name: cleanName(this.name), trainable: this.flag('trainable', true) };
  }

  /** @throws FILE_FORMAT for a field that no one knows and that says something */
  done(): void {
    for (const [field, value] of Object.entries(this.fields)) {
      if (this.#known.has(field) || withoutEffect.has(field) || isNothing(value)) continue;
      if (/_initializer$/.test(field)) continue;
      if (/_(regularizer|constraint)$/.test(field)) {
        note(this.file, 'regularizers and constraints are not taken over: they matter in training alone', this.name);
        continue;
      }
      throw notTaken(
        this.file,
        this.place,
        `the field \`${field}\` is not known here, and may change what the layer computes.`,
        `${field}: ${JSON.stringify(value)}`,
      );
    }
  }

  #dtype(): void {
    const given = this.take('dtype');
    const policy = isObject(given) && isObject(given.config) ? given.config.name : given;
    if (policy === undefined || policy === 'float32') return;
    if (typeof policy !== 'string' || /int8|int4|float8|gptq|awq/.test(policy))
      throw notTaken(
        this.file,
        this.place,
        'the layer has weights of another form.',
        policy,
        'save it without quantization.',
      );
    if (/float|mixed/.test(policy))
      note(
        this.file,
        `layers of \`${policy}\` compute in single precision here, with weights rounded to it`,
        this.name,
      );
  }
}

/** A number as it stands, or as Keras writes values of arrays: `{ class_name: '__tensor__', config: { value: [0.0] } }`. */
function plainNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (!isObject(value)) return undefined;
  const inner = isObject(value.config) ? value.config.value : value.value;
  const single: unknown = Array.isArray(inner) && inner.length === 1 ? inner[0] : inner;
  return typeof single === 'number' && Number.isFinite(single) ? single : undefined;
}

/** A name as layers may have it here; a slash parts names of weights. */
export function cleanName(name: string): string {
  return name.replaceAll('/', '_') || 'layer';
}

/** What says nothing: null, false, and what is empty. */
function isNothing(value: unknown): boolean {
  return (
    value === null ||
    value === false ||
    (Array.isArray(value) && value.length === 0) ||
    (isObject(value) && Object.keys(value).length === 0)
  );
}
