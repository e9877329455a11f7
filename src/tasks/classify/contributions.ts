/** What each token contributes to the probability of a class. */
export interface Contributions {
  readonly contributions: Float64Array;
  /** The probability without any of them. */
  readonly baseline: number;
}
