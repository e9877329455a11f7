import type { DType } from '../dtype.js';
import { RondoError } from '../errors.js';
import type { Backend, Buffer, View } from '../kernels/contract.js';
import { convert } from '../kernels/convert.js';
import { currentBackend } from '../kernels/select.js';
import { describeShape, type Shape, sameShape, sizeOf } from '../shape.js';
import type { CompressedWeights } from './compressed-weights.js';
import { flatten, type HostNumbers, type NestedNumbers, nest } from './nested.js';
import { openScope, requireScope, Scope, setOpenScope, synchronous } from './open-scope.js';
import { copyOfOwn, copyRow, type Resident } from './own-memory.js';
import { requireReadsNow } from './reads-now.js';
import { ShownNumbers } from './show.js';
import { requireDtype, requireValues } from './typed-numbers.js';

export type { NestedNumbers } from './nested.js';

/**
 * Numbers in a flat array: of the backend's precision where it computed them, else in the precision they were given.
 */
export type FlatArray = Float32Array | Float64Array;

/** Numbers on a backend until their scope ends. */
interface Temporary extends Resident {
  readonly scope: Scope;
}

/**
 * An array of numbers with a shape. Tensors need no bookkeeping: what an operation computes inside {@link scope} (every
 * training step and prediction runs in one) is given back at its end. What leaves it is moved to the host, where the
 * garbage collector owns it; on a backend whose memory the host cannot see it stays there until the program drops it,
 * and is read when it is asked for.
 */
export class Tensor extends ShownNumbers {
  readonly shape: Shape;
  readonly size: number;
  #host: HostNumbers | undefined;
  #device: Temporary | undefined;
  /** Memory of its own, past the end of the scope that computed it. */
  #own: Resident | undefined;
  /** The same numbers in the backend's float type, where they are stored in another. */
  #converted: Temporary | undefined;
  /** @internal Whether the numbers may become others before a scope ends: those of a variable, in its memory. */
  mayChange = false;
  /** @internal The type of the numbers; undefined for that in which the backend computes. */
  readonly storedType: DType | undefined;

  /** Use {@link tensor}. */
  constructor(...made: never);
  /** @internal */
  constructor(shape: Shape, host: HostNumbers | undefined, device?: Temporary, storedType?: DType);
  constructor(shape: Shape, host: HostNumbers | undefined, device?: Temporary, storedType?: DType) {
    super();
    this.shape = shape;
    this.size = sizeOf(shape);
    this.#host = host;
    this.#device = device;
    this.storedType = storedType;
  }

  /**
   * The type of the elements where they are stored. Operations compute in the backend's float type (`float32` on
   * `wasm`) and give it; {@link cast} changes it.
   */
  get dtype(): DType {
    return this.storedType ?? currentBackend().floatType;
  }

  /** @internal The numbers in the smaller form that they have for products, where they have one: those of a variable. */
  get compressed(): CompressedWeights | undefined {
    return undefined;
  }

  /** @internal What products on a backend read in place of the numbers, where these have a form for that there. */
  weightsForProducts(_backend: Backend): CompressedWeights | undefined {
    return this.compressed;
  }

  /** The numbers in row-major order; a copy. */
  async data(): Promise<FlatArray> {
    if (this.#host !== undefined) return flatCopy(this.#host);
    const { backend, view } = this.resident();
    return backend.read(view, this.size);
  }

  /** The numbers at once; a copy. @throws BACKEND_UNAVAILABLE on a backend that can only be read asynchronously. */
  dataSync(): FlatArray {
    if (this.#host !== undefined) return flatCopy(this.#host);
    const { backend, view } = this.resident();
    requireReadsNow(backend, 'Tensor.dataSync', 'await tensor.data()');
    return backend.readNow(view, this.size);
  }

  /** The one number of a tensor with one element. @throws SHAPE_MISMATCH */
  item(): number {
    if (this.size !== 1) {
      throw new RondoError('SHAPE_MISMATCH', {
        where: 'Tensor.item',
        what: `the tensor has ${this.size} elements.`,
        expected: 'one element, as in [] or [1]',
        received: describeShape(this.shape),
        fix: 'use data() or array().',
      });
    }
    return this.dataSync()[0];
  }

  /** The numbers as nested arrays. */
  array(): NestedNumbers {
    return nest(this.dataSync(), this.shape);
  }

  /** What `JSON.stringify` writes: {@link Tensor.array}. */
  toJSON(): NestedNumbers {
    return this.array();
  }

  /** @internal The numbers on a backend, in its float type, for the open scope where they are not there. */
  viewOn(backend: Backend): View {
    const stored = this.storedViewOn(backend);
    if (this.storedType === undefined || this.storedType === backend.floatType) return stored;
    if (this.#converted?.scope.isOpen === true && this.#converted.backend === backend) return this.#converted.view;
    const scope = requireScope();
    const view: View = { buffer: backend.temporary(this.size), offset: 0 };
    convert(backend, this.size, stored, view);
    if (!this.mayChange) this.#converted = { backend, view, scope };
    return view;
  }

  /** @internal The numbers on a backend as they are stored, uploaded for the open scope where they are not there. */
  storedViewOn(backend: Backend): View {
    const scope = requireScope();
    const before = this.#temporary() ?? this.#own;
    if (before?.backend === backend) return before.view;
    const view: View = { buffer: backend.temporary(this.size, this.storedType), offset: 0 };
    this.writeNumbers(backend, view);
    this.#device = { backend, view, scope };
    return view;
  }

  /** @internal Where the numbers are on a backend, where that is the only place they are in. */
  viewIfOn(backend: Backend): View | undefined {
    if (this.#host !== undefined) return undefined;
    const place = this.residentIfAny();
    return place?.backend === backend ? place.view : undefined;
  }

  /** @internal Leaves the numbers in the open scope alone, as their type holds them. */
  movedTo(backend: Backend): Tensor {
    this.storedViewOn(backend);
    this.#host = undefined;
    return this;
  }

  /** Puts the numbers where none are yet. */
  protected writeNumbers(backend: Backend, view: View): void {
    backend.write(view, this.hostNumbers());
  }

  /** @internal The numbers on the host without a copy where possible; not to be written. */
  hostNumbers(): HostNumbers {
    return this.#host ?? this.dataSync();
  }

  /** @internal The numbers on the host without a copy where possible, from any backend; not to be written. */
  async readNumbers(): Promise<HostNumbers> {
    return this.#host ?? this.data();
  }

  /** @internal Copies the numbers to a place on the host, from a backend whose memory the host can see. */
  readInto(target: FlatArray): void {
    if (this.#host !== undefined) return target.set(this.#host);
    const { backend, view } = this.resident();
    if (backend.readInto !== undefined) backend.readInto(view, target);
    else target.set(this.dataSync());
  }

  /**
   * @internal These numbers as a tensor that later changes do not reach, on the host or, where it cannot see them, on
   * their device.
   */
  snapshot(): Tensor {
    const copy = new Tensor(this.shape, undefined, undefined, this.storedType);
    const place = this.#host === undefined ? this.residentIfAny() : undefined;
    if (place === undefined || place.backend.readNow !== undefined) copy.#host = this.dataSync();
    else copy.#own = copyOfOwn(copy, place);
    return copy;
  }

  /** @internal Whether the numbers are on the host alone, so that work on them there moves nothing. */
  isOnHost(): boolean {
    return this.#host !== undefined && this.#temporary() === undefined;
  }

  /** @internal Keeps the numbers past the end of their scope, which is still open. */
  outliveScope(): void {
    if (this.#host === undefined && this.#own === undefined) {
      const place = this.resident();
      if (place.backend.readNow !== undefined) this.#host = this.dataSync();
      else this.#own = copyOfOwn(this, place);
    }
    this.#device = undefined;
  }

  /** @internal Where the numbers are, where that is in `scope` and nowhere else. */
  viewIn(scope: Scope): View | undefined {
    return this.#host === undefined && this.#device?.scope === scope ? this.#device.view : undefined;
  }

  /** @internal Says where the numbers are from now on. */
  placeAt(view: View, scope: Scope): void {
    this.#device = { backend: scope.backend, view, scope };
  }

  /** Where the numbers are on a backend. @throws USAGE where their scope has ended */
  protected resident(): Resident {
    const device = this.#temporary() ?? this.#own;
    if (device !== undefined) return device;
    throw new RondoError('USAGE', {
      where: 'Tensor',
      what: `a tensor of shape ${describeShape(this.shape)} is used after the step that computed it has ended.`,
      fix: 'return it from the function given to scope() or valueAndGradients(), or read its data inside.',
    });
  }

  /** The same; undefined where the numbers are kept in another form. */
  protected residentIfAny(): Resident | undefined {
    return this.resident();
  }

  /** The numbers in an open scope; what a closed one held is forgotten. */
  #temporary(): Temporary | undefined {
    if (this.#device?.scope.isOpen === false) this.#device = undefined;
    return this.#device;
  }
}

/**
 * Runs `work` and gives back the memory of every tensor it computed, except those it returns (directly, or in arrays,
 * maps, sets and plain objects). A scope inside a scope is part of it.
 *
 * @throws USAGE where `work` is asynchronous, or the backend is switched inside.
 */
export function scope<T>(work: () => T): T {
  if (openScope() !== undefined) return synchronous(work());
  const backend = currentBackend();
  backend.openScope();
  const own = new Scope(backend);
  setOpenScope(own);
  try {
    const result = synchronous(work());
    outliveScope(result, new Set());
    return result;
  } finally {
    setOpenScope(undefined);
    own.isOpen = false;
    backend.closeScope();
  }
}

/**
 * @internal Runs `work` inside the open scope and gives back at once the memory of what it computed, except of
 * `leaving`: those move to the memory of the open scope and stay the same tensors.
 */
export function innerScope<T>(work: () => T, leaving: (result: T) => readonly Tensor[] = () => []): T {
  const outer = requireScope();
  const { backend } = outer;
  const inner = new Scope(backend, outer);
  // The arena is a stack: what is to outlive the inner scope waits outside of it until that is closed.
  const waiting: { readonly tensor: Tensor; readonly buffer: Buffer }[] = [];
  backend.openScope();
  setOpenScope(inner);
  try {
    let result: T;
    try {
      result = synchronous(work());
      for (const tensor of new Set(leaving(result))) {
        const view = tensor.viewIn(inner);
        if (view === undefined) continue;
        const buffer = backend.allocate(tensor.size, view.buffer.dtype);
        waiting.push({ tensor, buffer });
        copyRow(backend, tensor.size, view, { buffer, offset: 0 });
      }
    } finally {
      setOpenScope(outer);
      inner.isOpen = false;
      backend.closeScope();
    }
    for (const { tensor, buffer } of waiting) {
      const view: View = { buffer: backend.temporary(tensor.size, buffer.dtype), offset: 0 };
      copyRow(backend, tensor.size, { buffer, offset: 0 }, view);
      tensor.placeAt(view, outer);
    }
    return result;
  } finally {
    for (const { buffer } of waiting) backend.free(buffer);
  }
}

function outliveScope(value: unknown, seen: Set<object>): void {
  if (value === null || typeof value !== 'object' || seen.has(value)) return;
  seen.add(value);
  if (value instanceof Tensor) value.outliveScope();
  else if (Array.isArray(value) || value instanceof Map || value instanceof Set)
    for (const member of value.values()) outliveScope(member, seen);
  else if (Object.getPrototypeOf(value) === Object.prototype)
    for (const member of Object.values(value)) outliveScope(member, seen);
}

/** @internal A tensor of undefined contents that lives until the open scope ends. */
export function emptyTensor(shape: Shape, storedType?: DType): Tensor {
  const scope = requireScope();
  const { backend } = scope;
  const view: View = { buffer: backend.temporary(sizeOf(shape), storedType), offset: 0 };
  return new Tensor(shape, undefined, { backend, view, scope }, storedType);
}

/**
 * @internal The numbers of `source` from the `start`th on under another shape, in the same memory: what changes a
 * variable later changes them too.
 */
export function aliasTensor(source: Tensor, shape: Shape, start = 0): Tensor {
  const { storedType } = source;
  if (source.isOnHost())
    return new Tensor(shape, source.hostNumbers().subarray(start, start + sizeOf(shape)), undefined, storedType);
  const scope = requireScope();
  const { backend } = scope;
  const { buffer, offset } = source.storedViewOn(backend);
  const view: View = { buffer, offset: offset + start };
  const alias = new Tensor(shape, undefined, { backend, view, scope }, storedType);
  alias.mayChange = source.mayChange;
  return alias;
}

/**
 * A tensor from nested arrays, or from a flat array and a shape. A typed array is not copied: it must not change while
 * the tensor is used.
 *
 * @param dtype how the elements are stored, instead of in the float type in which the backend computes; numbers become
 *   numbers of that float type first and are then rounded to it.
 * @throws SHAPE_MISMATCH where nested arrays are ragged or the shape does not fit the data; DATA_FORMAT where an entry
 *   is not a number; UNKNOWN_NAME for an unknown type.
 */
export function tensor(values: NestedNumbers | Tensor, shape?: Shape, dtype?: DType): Tensor {
  if (dtype !== undefined) requireDtype('tensor', dtype);
  if (values instanceof Tensor) {
    const fits = shape === undefined || sameShape(shape, values.shape);
    if (fits && (dtype ?? values.dtype) === values.dtype) return values;
    throw new RondoError('SHAPE_MISMATCH', {
      where: 'tensor',
      what: `a tensor has a ${fits ? 'type' : 'shape'} already.`,
      expected: fits ? values.dtype : describeShape(values.shape),
      received: fits ? dtype : describeShape(shape),
      fix: fits ? 'use ops.cast.' : 'use ops.reshape.',
    });
  }
  const { flat, shape: found } = flatten(values);
  if (shape !== undefined) requireValues('tensor', shape, flat.length);
  const made = new Tensor(shape === undefined ? found : [...shape], flat, undefined, dtype);
  if (dtype === undefined) return made;
  // The device rounds, so a tensor made inside of a step belongs to that.
  return scope(() => made.movedTo(currentBackend()));
}

function flatCopy(host: HostNumbers): FlatArray {
  return host instanceof Float32Array ? host.slice() : Float64Array.from(host);
}
