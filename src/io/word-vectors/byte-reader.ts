/** Bytes in memory, or as they arrive: a stream of Node, the body of a response, any iteration over pieces. */
export type ByteSource = Uint8Array | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** Reads a {@link ByteSource} from front to back, keeping no more of it than was asked for. */
export class ByteReader {
  readonly #pieces: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;
  #buffer = new Uint8Array(0);
  #at = 0;
  #start = 0;
  #ended = false;

  constructor(source: ByteSource) {
    const iterable = source instanceof Uint8Array ? [source] : source;
    this.#pieces = Symbol.asyncIterator in iterable ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]();
  }

  /** Place of the next byte in the source, from 0. */
  get position(): number {
    return this.#start + this.#at;
  }

  /** Whether `count` bytes can be taken without waiting. */
  has(count: number): boolean {
    return this.#buffer.length - this.#at >= count;
  }

  /** Waits until `count` bytes can be taken; false where the source ends before. */
  async fill(count: number): Promise<boolean> {
    if (this.has(count)) return true;
    const parts: Uint8Array[] = [this.#buffer.subarray(this.#at)];
    let size = parts[0].length;
    while (size < count && !this.#ended) {
      const { value, done } = await this.#pieces.next();
      if (done === true) this.#ended = true;
      else {
        parts.push(value);
        size += value.length;
      }
    }
    this.#start += this.#at;
    this.#at = 0;
    this.#buffer = new Uint8Array(size);
    let filled = 0;
    for (const part of parts) {
      this.#buffer.set(part, filled);
      filled += part.length;
    }
    return size >= count;
  }

  /** The next bytes, at most `count`, which stay to be read. */
  async peek(count: number): Promise<Uint8Array> {
    await this.fill(count);
    return this.#buffer.subarray(this.#at, this.#at + count);
  }

  /** Takes `count` bytes that {@link has} or {@link fill} found; valid until the next call. */
  take(count: number): Uint8Array {
    const bytes = this.#buffer.subarray(this.#at, this.#at + count);
    this.#at += count;
    return bytes;
  }

  /**
   * Takes the bytes before the next `end`, and `end`; undefined where it does not come within `most` bytes or at all.
   */
  async takeUntil(end: number, most: number): Promise<Uint8Array | undefined> {
    for (let searched = 0; ; ) {
      const found = this.#buffer.indexOf(end, this.#at + searched);
      if (found >= 0) {
        const bytes = this.take(found - this.#at);
        this.#at++;
        return bytes;
      }
      searched = this.#buffer.length - this.#at;
      if (searched > most || !(await this.fill(searched + 1))) return undefined;
    }
  }

  /** Takes the bytes of the next line without its end (LF, or CR LF), or what is left; undefined where nothing is. */
  async takeLine(): Promise<Uint8Array | undefined> {
    const line = await this.takeUntil(0x0a, Infinity);
    const taken = line ?? this.take(this.#buffer.length - this.#at);
    if (line === undefined && taken.length === 0) return undefined;
    return taken.at(-1) === 0x0d ? taken.subarray(0, -1) : taken;
  }

  /** Passes over bytes; false where the source ends before. */
  async skip(count: number): Promise<boolean> {
    for (let left = count; left > 0; ) {
      if (!this.has(1) && !(await this.fill(1))) return false;
      const part = Math.min(left, this.#buffer.length - this.#at);
      this.#at += part;
      left -= part;
    }
    return true;
  }

  /** Lets the source go, where not all of it was read. */
  async close(): Promise<void> {
    if (!this.#ended) await this.#pieces.return?.();
  }
}
