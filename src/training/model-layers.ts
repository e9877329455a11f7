import { Layer } from '../layers/layer.js';

/**
 * The layers among an object's own properties, by the path that goes before their weights' names: `encoder`, or
 * `blocks/0` in an array, `heads/tag` in a Map. A layer found twice keeps its first place.
 */
export function layersAmong(owner: object): Map<string, Layer<unknown>> {
  const found = new Map<string, Layer<unknown>>();
  const seen = new Set<Layer<unknown>>();
  const collect = (path: string, value: unknown): void => {
    if (value instanceof Layer) {
      if (!seen.has(value)) found.set(path, value);
      seen.add(value);
    } else if (Array.isArray(value)) value.forEach((member, i) => collect(`${path}/${i}`, member));
    else if (value instanceof Map) for (const [key, member] of value) collect(`${path}/${String(key)}`, member);
  };
  for (const [name, value] of Object.entries(owner)) collect(name, value);
  return found;
}
