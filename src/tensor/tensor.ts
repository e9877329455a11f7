import type { DType } from '../dtype.js';
import { RondoError } from '../errors.js';
import type { Backend, Buffer, View } from '../kernels/contract.js';
import { convert } from '../kernels/convert.js';
import { currentBackend } from '../kernels/select.js';
import { describeShape, type Shape, sameShape, sizeOf } from '../shape.js';
import type { CompressedWeights } from './compressed-weights.js';
import { flatten, type HostNumbers, type NestedNumbers, nest } from './nested.js';
import { openScope, requireScope, Scope, setOpenScope, synchronous } from './open-scope.js';
import { copyOfOwn, copyRow, forgetMemory, placeOn, type Resident } from './own-memory.js';
import { requireReadsNow } from './reads-now.js';
import { ShownNumbers } from './show.js';
import { requireDtype, requireVariableType } from './typed-numbers.js';

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

/** A tensor that lives until the program drops it and whose numbers can be replaced: a weight, a layer's state. */
export class Variable extends Tensor {
  #place: Resident | undefined;
  /**
   * @internal What of it is pruned: a variable of its shape that is 0 where this one is 0 and stays so in training, else
   * 1; `'zeros'` for all that is 0 when training begins.
   */
  mask: Variable | 'zeros' | undefined;
  #compressed: CompressedWeights | undefined;

  /**
   * @param name readable and unique within a model; the name in saved files.
   * @param trainable whether optimizers change it.
   * @param storedType how its elements are stored, instead of in the backend's float type; not for what is trained.
   */
  constructor(
    shape: Shape,
    data: ArrayLike<number>,
    public name: string,
    public trainable = true,
    storedType?: DType,
  ) {
    super([...shape], undefined, undefined, storedType);
    this.mayChange = true;
    requireValues(`Variable ${name}`, shape, data.length);
    if (storedType !== undefined) requireVariableType(this, storedType);
    this.#place = placeOn(currentBackend(), this, data);
  }

  protected override get title(): string {
    return `Variable ${this.name}`;
  }

  /** @internal */
  override get compressed(): CompressedWeights | undefined {
    return this.#compressed;
  }

  /** @internal Replaces the numbers by those of a smaller form; from then on they cannot change. */
  compress(weights: CompressedWeights): void {
    this.dispose();
    this.mask = undefined;
    this.#compressed = weights;
    this.trainable = false;
    this.mayChange = false;
  }

  /** @internal What is another object once the numbers lie elsewhere. */
  placeOn(backend: Backend): object {
    return this.#compressed ?? this.storedViewOn(backend).buffer;
  }

  override async data(): Promise<FlatArray> {
    return this.#compressed?.numbers() ?? super.data();
  }

  override dataSync(): FlatArray {
    return this.#compressed?.numbers() ?? super.dataSync();
  }

  /** @internal Compressed numbers are written out for the open scope, for whoever does not read them as they are. */
  override storedViewOn(backend: Backend): View {
    if (this.#compressed !== undefined) return super.storedViewOn(backend);
    const before = this.resident();
    if (before.backend === backend) return before.view;
    const place = placeOn(backend, this, this.dataSync());
    this.#place = place;
    before.backend.free(before.view.buffer);
    return place.view;
  }

  /**
   * Replaces all numbers; those of a tensor are copied on the device where they are there. @throws SHAPE_MISMATCH when
   * their count differs; USAGE in work that may run twice.
   */
  assign(data: ArrayLike<number> | Tensor): void {
    requireRunsOnce(this);
    if (this.#compressed !== undefined)
      throw new RondoError('USAGE', {
        where: `Variable ${this.name}`,
        what: 'a compressed weight cannot change.',
        fix: 'train or assign the weights of the model that was compressed, and compress it again.',
      });
    const isTensor = data instanceof Tensor;
    requireValues(`Variable ${this.name}`, this.shape, isTensor ? data.size : data.length);
    const { backend, view } = this.resident();
    const there = isTensor ? data.viewIfOn(backend) : undefined;
    if (there === undefined) backend.write(view, isTensor ? data.hostNumbers() : data);
    else if (there.buffer.dtype !== view.buffer.dtype) convert(backend, this.size, there, view);
    else if (there.buffer !== view.buffer && this.size > 0) copyRow(backend, this.size, there, view);
  }

  /**
   * Gives the memory back at once; the variable cannot be used afterwards. Nobody needs this but a loop that makes and
   * drops many models without awaiting anything: dropped variables are found between tasks only. Calling it again does
   * nothing.
   *
   * @throws USAGE inside of a step.
   */
  dispose(): void {
    if (openScope() !== undefined)
      throw new RondoError('USAGE', {
        where: `Variable ${this.name}`,
        what: 'a variable is disposed of inside of a step that may use it.',
        fix: 'call dispose() outside of scope(), valueAndGradients() and layers.',
      });
    this.#compressed?.dispose();
    if (this.#place === undefined) return;
    if (this.mask instanceof Variable) this.mask.dispose();
    forgetMemory(this);
    this.#place.backend.free(this.#place.view.buffer);
    this.#place = undefined;
  }

  /** @internal */
  override outliveScope(): void {}

  protected override residentIfAny(): Resident | undefined {
    return this.#compressed === undefined ? this.resident() : undefined;
  }

  protected override resident(): Resident {
    if (this.#place !== undefined) return this.#place;
    throw new RondoError('USAGE', {
      where: `Variable ${this.name}`,
      what: 'the variable is used after dispose().',
      fix: 'make the layer or model anew.',
    });
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

/** @internal Refuses to change a variable inside {@link innerScope}, whose work may run again. @throws USAGE */
export function requireRunsOnce({ name }: Variable): void {
  if (openScope()?.outer === undefined) return;
  throw new RondoError('USAGE', {
    where: 'checkpoint',
    what: `the variable \`${name}\` is changed by work that may run twice.`,
    expected: 'work that only reads variables',
    fix: 'change it outside; run a stateful layer outside too, or give it `recomputeSteps` instead.',
  });
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

function requireValues(where: string, shape: Shape, count: number): void {
  const isShape = Array.isArray(shape) && shape.every((axis) => Number.isInteger(axis) && axis >= 0);
  if (isShape && sizeOf(shape) === count) return;
  throw new RondoError('SHAPE_MISMATCH', {
    where,
    what: isShape
      ? 'the numbers do not fill the shape.'
      : 'the shape has an axis that is no whole number of at least 0.',
    expected: isShape ? `${sizeOf(shape)} numbers for ${describeShape(shape)}` : 'whole numbers of at least 0',
    received: isShape ? `${count} numbers` : Array.isArray(shape) ? describeShape(shape) : String(shape),
    fix: 'correct the shape, or give one number per element.',
  });
}

function flatCopy(host: HostNumbers): FlatArray {
  return host instanceof Float32Array ? host.slice() : Float64Array.from(host);
}
