let depth = 0;

/** Makes layers of a stored configuration: earlier versions stored options that nothing reads, which are no fault. */
export function restoring<Made>(make: () => Made): Made {
  depth++;
  try {
    return make();
  } finally {
    depth--;
  }
}

export function isRestoring(): boolean {
  return depth > 0;
}
