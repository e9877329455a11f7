import type { Json } from './layer.js';

/**
 * Options as a file stores them: initializers, regularizers and constraints by name and configuration, the absent ones
 * left out.
 */
export function plainOptions(options: object): Record<string, Json | undefined> {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.map(([name, value]) => [name, plainValue(value)]));
}

function plainValue(value: unknown): Json {
  const hasConfig =
    value !== null && typeof value === 'object' && 'getConfig' in value && typeof value.getConfig === 'function';
  return (hasConfig ? (value.getConfig as () => unknown).call(value) : value) as Json;
}
