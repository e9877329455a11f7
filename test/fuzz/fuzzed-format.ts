/** A format whose reader is given damaged files. */
export interface FuzzedFormat {
  readonly name: string;
  /** Small files that are read. */
  good(): Promise<readonly Uint8Array[]>;
  /** Reads one, and does with it what a user does next; what it throws must be a coded error. */
  read(bytes: Uint8Array): unknown;
  /**
   * Where the meaning lies behind a checksum or a length that most changes would break: members of an archive, which are packed
   * again; the text of a JSON; the header of safetensors, whose length follows. By default bytes alone are changed.
   */
  readonly inside?: 'zip' | 'json' | 'safetensors';
}
