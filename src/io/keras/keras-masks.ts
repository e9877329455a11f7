import { isObject } from '../../data/saved-fields.js';
import type { LayerConfig } from '../../training/layer-registry.js';

/** Layers that leave masked steps out here, where Keras's counterparts count them. */
const countedByKeras: ReadonlySet<string> = new Set([
  'AveragePooling1D',
  'Conv1D',
  'Flatten',
  'GlobalMaxPooling1D',
  'GroupNormalization',
  'MaxPooling1D',
]);

/** Names of such layers of a model in which something makes masks; none in most. */
export function masksDiffer(model: LayerConfig): string[] {
  const layers = layersIn(model);
  const makesMasks = layers.some(({ className, config }) => className === 'Masking' || config.maskZero === true);
  return makesMasks
    ? layers.filter(({ className }) => countedByKeras.has(className)).map(({ config }) => String(config.name))
    : [];
}

/** All layers of a model, those inside of others too. */
function layersIn({ config }: LayerConfig): LayerConfig[] {
  const inside: unknown[] = [config.layers, config.layer, config.backwardLayer].flat();
  return inside.filter(isLayer).flatMap((layer) => [layer, ...layersIn(layer)]);
}

function isLayer(value: unknown): value is LayerConfig {
  return isObject(value) && typeof value.className === 'string' && isObject(value.config);
}
