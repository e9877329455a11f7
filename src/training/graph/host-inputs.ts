import { RondoError } from '../../errors.js';
import type { Stepper } from '../../layers/stepper.js';
import type { SymbolicTensor } from '../../layers/symbolic-tensor.js';

type Read = NonNullable<Stepper['read']>;

/** Which tensors of a graph are a step's numbers as the host gave them, and who looks at those on the host. */
export class HostInputs {
  readonly #placeOf: Map<SymbolicTensor, number>;
  readonly #reads: Read[][];
  readonly #isComputedWith: boolean[];

  constructor(inputs: readonly SymbolicTensor[]) {
    this.#placeOf = new Map(inputs.map((input, place) => [input, place]));
    this.#reads = inputs.map(() => []);
    this.#isComputedWith = inputs.map(() => false);
  }

  has(tensor: SymbolicTensor): boolean {
    return this.#placeOf.has(tensor);
  }

  /** Notes a tensor that is the same as another. */
  passOn(from: SymbolicTensor, to: SymbolicTensor): void {
    this.#placeOf.set(to, this.#placeOf.get(from)!);
  }

  /** Notes who reads an input on the host. */
  readBy(tensor: SymbolicTensor, read: Read): void {
    this.#reads[this.#placeOf.get(tensor)!].push(read);
  }

  /** Notes that a step computes with a tensor. */
  computedWith(tensor: SymbolicTensor): void {
    const place = this.#placeOf.get(tensor);
    if (place !== undefined) this.#isComputedWith[place] = true;
  }

  /** By input; undefined where no one reads it on the host. @throws USAGE where one does and another computes with it */
  reads(where: string): readonly (Read | undefined)[] {
    return this.#reads.map((reads, place) => {
      if (reads.length === 0) return undefined;
      if (!this.#isComputedWith[place]) return (numbers) => reads.forEach((read) => void read(numbers));
      throw new RondoError('USAGE', {
        where: `${where}.stream`,
        what: 'the input is read as indices by one layer and as numbers by another.',
        expected: 'an input that is one of both',
        fix: 'apply the model to whole sequences.',
      });
    });
  }
}
