import type { Assembler } from './assembler.js';
import { Value } from './body.js';
import type { VectorUnit } from './vector-unit.js';

const single = new Float32Array(1);
const word = new Int32Array(single.buffer);

/** The constants of a function: one number where instructions can repeat it, else a whole vector. */
export class Constants {
  readonly #values = new Map<number, Value>();
  readonly #code: Assembler;
  readonly #unit: VectorUnit;

  constructor(code: Assembler, unit: VectorUnit) {
    this.#code = code;
    this.#unit = unit;
  }

  float(value: number): Value {
    single[0] = value;
    return this.bits(word[0]);
  }

  bits(value: number): Value {
    let constant = this.#values.get(value);
    if (constant === undefined) {
      const isRepeated = this.#unit.isa === 'avx512';
      const words = Array.from({ length: isRepeated ? 1 : this.#unit.lanes }, () => value);
      constant = new Value({ home: { place: this.#code.constant(...words), isRepeated } });
      this.#values.set(value, constant);
    }
    return constant;
  }
}
