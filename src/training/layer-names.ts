import { RondoError } from '../errors.js';
import type { Layer } from '../layers/layer.js';

/** `LSTM` becomes `lstm`, `SimpleRNN` `simpleRNN`, `LSTMStack` `lstmStack`. */
export function layerNameOf(className: string): string {
  return className.replace(/^[A-Z]+(?![a-z])|^[A-Z]/, (capitals) => capitals.toLowerCase());
}

/** Layers whose name a model has settled; another model that shares them keeps it. */
const settled = new WeakSet<Layer<unknown>>();

/**
 * Settles the name of a layer that joins a list of layers, unique among `taken`: the user's name, or one made from the
 * class, numbered where needed (`lstm`, `lstm1`, ...).
 *
 * @throws USAGE for a name given twice
 */
export function settleName(
  layer: Layer<unknown>,
  taken: Pick<ReadonlySet<string>, 'has' | 'keys'>,
  where: string,
): string {
  if (layer.hasGivenName && taken.has(layer.name)) {
    throw new RondoError('USAGE', {
      where,
      what: `two layers are named \`${layer.name}\`.`,
      expected: 'a name of its own for every layer',
      received: [...taken.keys(), layer.name].join(', '),
      fix: 'rename one of them.',
    });
  }
  const isFree = layer.hasGivenName || (settled.has(layer) && !taken.has(layer.name));
  const name = isFree ? layer.name : numbered(layerNameOf(layer.className), taken);
  if (!settled.has(layer)) layer.name = name;
  settled.add(layer);
  return name;
}

function numbered(base: string, taken: Pick<ReadonlySet<string>, 'has'>): string {
  if (!taken.has(base)) return base;
  let number = 1;
  while (taken.has(`${base}${number}`)) number++;
  return `${base}${number}`;
}
