/** Which tokens may come next, at one place of a text. */
export interface TokenConstraint {
  /** Whether the text is complete. */
  readonly isDone?: boolean;
  allows(token: number): boolean;
  /** What may come behind this token; undefined where everything may. */
  after(token: number): TokenConstraint | undefined;
}
