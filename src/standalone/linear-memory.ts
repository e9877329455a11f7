import type { Amount } from './program.js';

/** `fixed + perStep * length` bytes. */
export interface Extent {
  readonly fixed: number;
  readonly perStep: number;
}

export function extentOf(amount: Amount, factor = 1): Extent {
  if (typeof amount === 'number') return { fixed: amount * factor, perStep: 0 };
  return { fixed: amount.fixed * factor, perStep: amount.perStep * factor };
}

export function plus(a: Extent, b: Extent): Extent {
  return { fixed: a.fixed + b.fixed, perStep: a.perStep + b.perStep };
}

/** Every array starts on a cache line, as far as sizes are known. */
const alignment = 64;
/** Nothing lies at address 0. */
const firstAddress = 1024;

/** Gives out memory: what has a size known beforehand, with the bytes that it begins with, and behind it what grows with the length. */
export class LinearMemory {
  #fixed = firstAddress;
  #growing: Extent = { fixed: 0, perStep: 0 };
  readonly #data: { readonly address: number; readonly bytes: Uint8Array }[] = [];
  #isClosed = false;

  /** The address of `size` bytes. */
  take(size: number): number {
    if (this.#isClosed) throw new TypeError('what grows has its place already');
    const address = this.#fixed;
    this.#fixed += Math.ceil(size / alignment) * alignment;
    return address;
  }

  /** The address of an array that holds its numbers from the beginning on. */
  place(array: Float32Array | Int32Array | Int8Array | Uint16Array): number {
    const address = this.take(array.byteLength);
    this.#data.push({ address, bytes: new Uint8Array(array.buffer, array.byteOffset, array.byteLength) });
    return address;
  }

  /** The place of what grows, behind all that does not. */
  takeGrowing(size: Extent): Extent {
    this.#isClosed = true;
    const address = { fixed: this.#fixed + this.#growing.fixed, perStep: this.#growing.perStep };
    this.#growing = plus(this.#growing, { fixed: Math.ceil(size.fixed / 4) * 4, perStep: size.perStep });
    return address;
  }

  /** How much memory there has to be. */
  get size(): Extent {
    return { fixed: this.#fixed + this.#growing.fixed, perStep: this.#growing.perStep };
  }

  get data(): readonly { readonly address: number; readonly bytes: Uint8Array }[] {
    return this.#data;
  }
}
