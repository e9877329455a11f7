interface Block {
  address: number;
  bytes: number;
}

/** The free ranges of a memory, sorted by address, neighbours always merged. */
export class FreeList {
  readonly #blocks: Block[] = [];

  /** Takes a range of `bytes` out of the smallest block that holds it; undefined where none does. */
  take(bytes: number): number | undefined {
    let best = -1;
    for (let i = 0; i < this.#blocks.length; i++) {
      const size = this.#blocks[i].bytes;
      if (size >= bytes && (best < 0 || size < this.#blocks[best].bytes)) best = i;
    }
    if (best < 0) return undefined;
    const block = this.#blocks[best];
    const { address } = block;
    block.address += bytes;
    block.bytes -= bytes;
    if (block.bytes === 0) this.#blocks.splice(best, 1);
    return address;
  }

  /** Gives a range back and merges it with its neighbours. */
  give(address: number, bytes: number): void {
    const after = this.#firstAbove(address);
    const previous = this.#blocks[after - 1];
    const next = this.#blocks[after];
    const joinsPrevious = previous !== undefined && previous.address + previous.bytes === address;
    const joinsNext = next !== undefined && address + bytes === next.address;
    if (joinsPrevious && joinsNext) {
      previous.bytes += bytes + next.bytes;
      this.#blocks.splice(after, 1);
    } else if (joinsPrevious) {
      previous.bytes += bytes;
    } else if (joinsNext) {
      next.address = address;
      next.bytes += bytes;
    } else {
      this.#blocks.splice(after, 0, { address, bytes });
    }
  }

  /** Bytes of the free block that ends at `end`; what a growing memory need not add. */
  bytesBefore(end: number): number {
    const last = this.#blocks.at(-1);
    return last !== undefined && last.address + last.bytes === end ? last.bytes : 0;
  }

  #firstAbove(address: number): number {
    let low = 0;
    let high = this.#blocks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#blocks[middle].address > address) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
