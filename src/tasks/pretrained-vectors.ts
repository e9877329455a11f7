/** Vectors of words from elsewhere: a map, or a file that has been read. */
export interface PretrainedVectors {
  get(word: string): ArrayLike<number> | undefined;
  /** Where there is one, a task may give words vectors of their own although training did not show them. */
  keys?(): Iterable<string>;
}
