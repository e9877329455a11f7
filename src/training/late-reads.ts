import { currentBackend } from '../kernels/select.js';
import { asRows, copyBlock } from '../tensor/accumulate.js';
import { emptyTensor, type FlatArray, type Tensor } from '../tensor/tensor.js';

/**
 * How many readings may be under way: enough that a device need not wait for the host, and few enough that a fault is
 * found soon.
 */
const mostWaiting = 4;

/** Tensors, and what their numbers are for. */
export interface Reading {
  readonly tensors: readonly Tensor[];
  readonly use: (numbers: readonly FlatArray[]) => void;
}

/**
 * Numbers of steps, read in the order of the steps: at once where the host sees the backend's memory; elsewhere
 * asynchronously, while later steps are computed. Whoever needs all of them awaits {@link LateReads.settle}.
 */
export class LateReads {
  readonly #waiting: { readonly numbers: Promise<FlatArray>; readonly use: (numbers: FlatArray) => void }[] = [];

  /** Whether any reading was not used yet. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Whether to await {@link LateReads.catchUp} before the next step. */
  get isBehind(): boolean {
    return this.#waiting.length > mostWaiting;
  }

  /**
   * Reads tensors of the open scope for `use`, which is given the numbers of each. Its errors are thrown here, or where
   * the reading is awaited.
   */
  read(tensors: readonly Tensor[], use: (numbers: readonly FlatArray[]) => void): void {
    if (!readsLate()) return use(tensors.map((one) => one.dataSync()));
    const numbers = sideBySide(tensors).data();
    // It fails again where it is awaited.
    numbers.catch(() => undefined);
    this.#waiting.push({ numbers, use: (all) => use(parted(all, tensors)) });
  }

  /** Several readings as one, in which tensors that several want are read once. */
  readAll(readings: readonly Reading[]): void {
    const tensors = [...new Set(readings.flatMap((reading) => reading.tensors))];
    const places = new Map(tensors.map((one, place) => [one, place]));
    this.read(tensors, (numbers) => {
      for (const reading of readings) reading.use(reading.tensors.map((one) => numbers[places.get(one)!]));
    });
  }

  /** Uses readings until few enough wait. */
  catchUp(): Promise<void> {
    return this.#useUntil(mostWaiting);
  }

  /** Uses all readings. */
  settle(): Promise<void> {
    return this.#useUntil(0);
  }

  async #useUntil(left: number): Promise<void> {
    while (this.#waiting.length > left) {
      const { numbers, use } = this.#waiting.shift()!;
      use(await numbers);
    }
  }
}

/** Whether numbers are used after their step has ended, so that what goes with them must be kept until then. */
export function readsLate(): boolean {
  return currentBackend().readNow === undefined;
}

/** One tensor to be read in place of several, each of which would be a transfer of its own. */
function sideBySide(tensors: readonly Tensor[]): Tensor {
  if (tensors.length === 1) return tensors[0];
  const all = emptyTensor([tensors.reduce((sum, { size }) => sum + size, 0)]);
  let start = 0;
  for (const one of tensors) {
    copyBlock(1, one.size, asRows(one, one.size), asRows(all, one.size, start));
    start += one.size;
  }
  return all;
}

function parted(all: FlatArray, tensors: readonly Tensor[]): FlatArray[] {
  let end = 0;
  return tensors.map(({ size }) => all.subarray(end, (end += size)));
}
