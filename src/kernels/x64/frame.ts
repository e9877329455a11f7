import { at, type Memory, rsp } from './registers.js';

/** The part of the stack that a function uses, from rsp upwards; its size is known when all of it is written. */
export class Frame {
  #bytes = 0;
  readonly #spills: Memory[] = [];
  #numSpilled = 0;
  #nextWord: Memory | undefined;

  /** A whole number of the largest vectors. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many values were kept on the stack because registers did not suffice. */
  get numSpilled(): number {
    return this.#numSpilled;
  }

  /** A new place that holds a vector of any size, and begins at a multiple of 64 bytes. */
  vector(): Memory {
    this.#bytes += 64;
    return at(rsp, this.#bytes - 64);
  }

  /** A new place of 8 bytes. */
  word(): Memory {
    const place = this.#nextWord ?? this.vector();
    const next = place.displacement + 8;
    this.#nextWord = next % 64 === 0 ? undefined : at(rsp, next);
    return place;
  }

  /** The place of the spilled value with a number; bodies share them. */
  spill(number: number): Memory {
    this.#numSpilled++;
    while (this.#spills.length <= number) this.#spills.push(this.vector());
    return this.#spills[number];
  }
}
