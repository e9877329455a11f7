import { counted } from '../../../counted.js';
import type { Json, Layer } from '../../../layers/layer.js';
import { RecurrentLayer } from '../../../layers/recurrent-layer.js';
import { Model } from '../../model.js';

/** What a box is: an end of the model, a layer that carries states, a model, a layer with weights, or one without. */
export type BoxKind = 'end' | 'recurrent' | 'model' | 'weights' | 'plain';

export function kindOf(layer: Layer<unknown>): BoxKind {
  if (layer instanceof Model) return 'model';
  const isRecurrent = (inside: Layer<unknown>): boolean =>
    inside instanceof RecurrentLayer || [...inside.sublayers.values()].some(isRecurrent);
  if (isRecurrent(layer)) return 'recurrent';
  return layer.weights.length > 0 ? 'weights' : 'plain';
}

/** Options that say most about a layer, and how they are said. */
const said: readonly (readonly [name: string, say: (value: Json) => string])[] = [
  ['units', (units) => counted(Number(units), 'unit')],
  ['filters', (filters) => counted(Number(filters), 'filter')],
  ['kernelSize', (size) => `of ${String(size)} steps`],
  ['inputDim', (rows) => `${String(rows)} rows`],
  ['outputDim', (columns) => `of ${String(columns)}`],
  ['rate', (rate) => `rate ${String(rate)}`],
  ['activation', String],
  ['mergeMode', String],
];

/** Class and most telling options: `LSTM, 12 units`, `Bidirectional (GRU, 4 units), concat`. */
export function describeLayer(layer: Layer<unknown>): string {
  if (layer instanceof Model) {
    return `${layer.className}, ${counted(layer.sublayers.size, 'layer')}`;
  }
  const config = layer.getConfig();
  const inside = layer.sublayers.get('layer') ?? layer.sublayers.get('forward');
  const options = said.flatMap(([name, say]) => {
    const value = config[name];
    return ['number', 'string'].includes(typeof value) && value !== 'linear' ? [say(value as Json)] : [];
  });
  return [`${layer.className}${inside === undefined ? '' : ` (${describeLayer(inside)})`}`, ...options].join(', ');
}
