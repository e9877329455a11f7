import type { TensorDtype } from '../safetensors-types.js';

/** A class or function that a pickle names. It is a name here and nothing else: none is ever looked up or called. */
export class PickledGlobal {
  constructor(
    readonly module: string,
    readonly name: string,
  ) {}

  get path(): string {
    return `${this.module}.${this.name}`;
  }
}

/** An object of a class that is not known: what its pickle would have made it from. */
export class PickledRecord {
  state: Pickled = null;
  /** Of a subclass of a dictionary or list. */
  #items: Map<Pickled, Pickled> | undefined;
  #list: Pickled[] | undefined;

  constructor(
    readonly of: Pickled,
    readonly args: Pickled,
  ) {}

  get items(): Map<Pickled, Pickled> {
    return (this.#items ??= new Map());
  }

  get list(): Pickled[] {
    return (this.#list ??= []);
  }
}

/** The numbers that tensors are views of, by the key under which the file holds them. */
export class PickledStorage {
  constructor(
    /** Undefined where each tensor names its own. */
    readonly dtype: TensorDtype | undefined,
    readonly key: string,
    /** In values, or in bytes where there is no type. */
    readonly length: number,
  ) {}
}

/** A tensor as a view of a storage; nothing of it is checked yet. */
export class PickledTensor {
  constructor(
    readonly storage: PickledStorage,
    readonly dtype: TensorDtype,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {}
}

/** Whatever a pickle holds. Tuples, lists and sets are arrays. */
export type Pickled =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Pickled[]
  | Map<Pickled, Pickled>
  | PickledGlobal
  | PickledRecord
  | PickledStorage
  | PickledTensor;

/** The key of a dictionary as text. */
export function keyText(key: Pickled): string | undefined {
  return typeof key === 'string' || typeof key === 'number' ? String(key) : undefined;
}
