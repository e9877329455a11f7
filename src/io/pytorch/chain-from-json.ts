import { RondoError, refuseUnknownOptions, requireKind, unknownName } from '../../errors.js';
import { activationNamed } from '../../expression/activations.js';
import type { Layer } from '../../layers/layer.js';
import { madeFromFile } from '../../made-from-file.js';
import { layerFromConfig } from '../../training/layer-registry.js';
import { parseBoundedJson } from '../bounded-json.js';
import { type ModuleInChain, moduleFields } from './model-from-state-dict.js';
import { torchKinds } from './torch-modules.js';

/** Layers without weights, which a file may put between modules. */
const between: readonly string[] = [
  'Activation',
  'AlphaDropout',
  'AveragePooling1D',
  'Cropping1D',
  'Dropout',
  'Flatten',
  'GaussianNoise',
  'GlobalAveragePooling1D',
  'GlobalMaxPooling1D',
  'LeakyReLU',
  'Masking',
  'MaxPooling1D',
  'Permute',
  'RepeatVector',
  'Reshape',
  'Softmax',
  'SpatialDropout1D',
  'UpSampling1D',
  'ZeroPadding1D',
];

const example = '["words", "lstm", { "module": "head" }]';

/** More than any chain of modules has. */
const mostEntries = 10_000;

/**
 * The `layers` of {@link modelFromStateDict} from a JSON text: a list, in the order in which they run, of modules by name or as
 * `{ "module": "conv", "kind": "Conv1d", "activation": "relu", "options": { "stride": 2 } }`, and of layers without weights between
 * them as `{ "layer": "Dropout", "options": { "rate": 0.5 } }`, by their class here.
 *
 * @param where the file's name, for messages.
 * @throws FILE_FORMAT where it is no such list; UNKNOWN_NAME
 *
 * @example
 * const layers = chainFromJson('["words", "lstm", { "module": "head", "activation": "softmax" }]');
 */
export function chainFromJson(text: string, where = 'chainFromJson'): (ModuleInChain | Layer)[] {
  requireKind(typeof text === 'string', text, {
    where,
    what: 'this is no text.',
    fix: 'give the text of a JSON file.',
  });
  const list = listOf(text, where);
  if (!Array.isArray(list) || list.length === 0 || list.length > mostEntries)
    throw fault(where, 'this is no list of modules.', example, list);
  return list.map((entry: unknown, i) => memberOf(entry, `${where}, entry ${i + 1}`));
}

/** A person writes these: what is wrong is the text, not the copy. */
function listOf(text: string, where: string): unknown {
  try {
    return parseBoundedJson(text, where, 'the list of modules');
  } catch (error) {
    if (!(error instanceof RondoError)) throw error;
    const fix = 'correct the JSON: names in double quotes, a comma between two entries, and none behind the last.';
    throw new RondoError(error.code, { ...error.facts, expected: example, fix, cause: error.facts.cause });
  }
}

function memberOf(entry: unknown, where: string): ModuleInChain | Layer {
  if (typeof entry === 'string') return { module: entry };
  const fields = (typeof entry === 'object' && entry !== null ? entry : {}) as Record<string, unknown>;
  const { options = {} } = fields;
  const areOptions = typeof options === 'object' && options !== null && !Array.isArray(options);
  if (typeof fields.layer === 'string' && areOptions) {
    refuseUnknownOptions(where, fields, ['layer', 'options']);
    if (!between.includes(fields.layer)) throw unknownName(where, 'layer without weights', fields.layer, between);
    const config = { className: fields.layer, config: options as Parameters<typeof layerFromConfig>[0]['config'] };
    return madeFromFile(where, () => layerFromConfig(config)) as Layer;
  }
  if (typeof fields.module !== 'string' || !areOptions)
    throw fault(where, 'this is neither a module nor a layer.', '{ "module": NAME } or { "layer": CLASS }', entry);
  refuseUnknownOptions(where, fields, moduleFields);
  const { kind, activation } = fields;
  if (kind !== undefined && !(torchKinds as readonly unknown[]).includes(kind))
    throw unknownName(where, 'kind', typeof kind === 'string' ? kind : JSON.stringify(kind), torchKinds);
  if (activation !== undefined)
    activationNamed(typeof activation === 'string' ? activation : JSON.stringify(activation));
  return fields as unknown as ModuleInChain;
}

function fault(where: string, what: string, expected: string, received: unknown): RondoError {
  return new RondoError('FILE_FORMAT', {
    where,
    what,
    expected,
    received: (JSON.stringify(received) ?? 'nothing').slice(0, 200),
    fix: 'write the modules in the order in which they run.',
  });
}
