import type { OpenShape, OutputShapes } from './layer.js';

/**
 * What a layer gives, in the same arrangement, with each tensor (or what stands for one) changed.
 *
 * @param change gets the path of a leaf: '' for one alone, `1` in a list, `states/0/hidden` by name.
 */
export function mapLeaves<Leaf>(
  result: unknown,
  isLeaf: (value: unknown) => value is Leaf,
  change: (leaf: Leaf, path: string) => unknown,
  path = '',
): unknown {
  if (isLeaf(result)) return change(result, path);
  const inside = (key: string | number, member: unknown): unknown =>
    mapLeaves(member, isLeaf, change, path === '' ? `${key}` : `${path}/${key}`);
  if (Array.isArray(result)) return result.map((member, i) => inside(i, member));
  if (result === null || typeof result !== 'object') return result;
  return Object.fromEntries(Object.entries(result).map(([key, member]) => [key, inside(key, member)]));
}

/** The leaves by their paths, in their order. */
export function leavesByPath<Leaf>(
  result: unknown,
  isLeaf: (value: unknown) => value is Leaf,
): ReadonlyMap<string, Leaf> {
  const found = new Map<string, Leaf>();
  mapLeaves(result, isLeaf, (leaf, path) => found.set(path, leaf));
  return found;
}

/** Whether it is one shape, and not several in a list or by name. */
export function isShape(value: unknown): value is OpenShape & OutputShapes {
  return Array.isArray(value) && (value[0] === null || typeof value[0] === 'number');
}
