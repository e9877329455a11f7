let depth = 0;

/**
 * Runs work in which every layer begins with fresh states and none carries its own on: `stateful` makes no difference,
 * and what was carried stays as it is.
 */
export function withoutCarriedStates<T>(work: () => T): T {
  depth++;
  try {
    return work();
  } finally {
    depth--;
  }
}

export function carriesStates(): boolean {
  return depth === 0;
}
