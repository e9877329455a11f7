import { RondoError } from '../errors.js';
import type { Backend, Buffer, View } from '../kernels/contract.js';
import { currentBackend } from '../kernels/select.js';
import { describeShape, type Shape, sizeOf } from '../shape.js';

/** Numbers in a flat array of the backend's precision. */
export type FlatArray = Float32Array | Float64Array;

/** Nested arrays of numbers, as a user writes them. */
export type NestedNumbers = number | readonly NestedNumbers[] | ArrayLike<number>;

/** Where a tensor's numbers are: on the host, on a backend until its scope ends, or both. */
interface DeviceStorage {
  readonly backend: Backend;
  readonly view: View;
  /** The scope that owns the buffer; undefined for variables. */
  readonly scope: Scope | undefined;
}

/** A stretch of work whose intermediate tensors are given back together. */
class Scope {
  isOpen = true;
  readonly tensors: Tensor[] = [];
  constructor(readonly backend: Backend) {}
}

let currentScope: Scope | undefined;

/**
 * An array of numbers with a shape. Tensors need no bookkeeping: what an operation computes inside {@link scope} (every
 * training step and prediction runs in one) is given back at its end, what leaves it is moved to the host, where the
 * garbage collector owns it.
 */
export class Tensor {
  readonly shape: Shape;
  readonly size: number;
  private host: ArrayLike<number> | undefined;
  private device: DeviceStorage | undefined;

  /** @internal Use {@link tensor}. */
  constructor(shape: Shape, host: ArrayLike<number> | undefined, device?: DeviceStorage) {
    this.shape = shape;
    this.size = sizeOf(shape);
    this.host = host;
    this.device = device;
    if (device?.scope !== undefined) device.scope.tensors.push(this);
  }

  /** The numbers in row-major order; a copy. */
  async data(): Promise<FlatArray> {
    if (this.host !== undefined) return flatCopy(this.host);
    const { backend, view } = this.requireDevice();
    return backend.read(view, this.size);
  }

  /** The numbers at once. @throws BACKEND_UNAVAILABLE on a backend that can only be read asynchronously. */
  dataSync(): FlatArray {
    if (this.host !== undefined) return flatCopy(this.host);
    const { backend, view } = this.requireDevice();
    if (backend.readNow === undefined) {
      throw new RondoError('BACKEND_UNAVAILABLE', { where: 'Tensor.dataSync', what: `\`${backend.name}\` cannot be read synchronously.`, fix: 'await tensor.data().' });
    }
    return backend.readNow(view, this.size);
  }

  /** The one number of a tensor with one element. */
  item(): number {
    if (this.size !== 1) {
      throw new RondoError('SHAPE_MISMATCH', { where: 'Tensor.item', what: 'the tensor has more than one element.', expected: '[] or [1]', received: describeShape(this.shape), fix: 'use data() or array().' });
    }
    return this.dataSync()[0];
  }

  /** The numbers as nested arrays. */
  array(): NestedNumbers {
    return nest(this.dataSync(), this.shape);
  }

  toString(): string {
    return `Tensor ${describeShape(this.shape)}`;
  }

  /** @internal The numbers on a backend, uploaded for the open scope where they are not there. */
  viewOn(backend: Backend): View {
    if (this.device !== undefined && this.device.backend === backend && (this.device.scope === undefined || this.device.scope.isOpen)) {
      return this.device.view;
    }
    const scope = requireScope();
    const view: View = { buffer: backend.temporary(this.size), offset: 0 };
    backend.write(view, this.hostNumbers());
    this.device = { backend, view, scope };
    scope.tensors.push(this);
    return view;
  }

  /** @internal The numbers on the host without a copy where possible; not to be written. */
  hostNumbers(): ArrayLike<number> {
    return this.host ?? this.dataSync();
  }

  /** @internal Keeps the numbers past the end of their scope. */
  moveToHost(): void {
    if (this.device === undefined || this.device.scope === undefined) return;
    this.host ??= this.dataSync();
    this.device = undefined;
  }

  /** @internal Forgets numbers whose scope has ended. */
  leaveScope(scope: Scope): void {
    if (this.device?.scope === scope) this.device = undefined;
  }

  private requireDevice(): DeviceStorage {
    if (this.device === undefined) {
      throw new RondoError('USAGE', {
        where: 'Tensor',
        what: `a tensor of shape ${describeShape(this.shape)} is used after the step that computed it has ended.`,
        fix: 'return it from the function given to scope() or valueAndGradients(), or read its data inside.',
      });
    }
    return this.device;
  }
}

/** A tensor that lives until the program drops it and whose numbers can be replaced: a weight, a layer's state. */
export class Variable extends Tensor {
  private resident: DeviceStorage;

  /**
   * @param name readable and unique within a model; the name in saved files.
   * @param trainable whether optimizers change it.
   */
  constructor(
    shape: Shape,
    data: ArrayLike<number>,
    public name: string,
    public trainable = true,
  ) {
    super(shape, undefined);
    this.resident = place(currentBackend(), this, data);
  }

  override viewOn(backend: Backend): View {
    if (this.resident.backend !== backend) this.moveTo(backend);
    return this.resident.view;
  }

  override async data(): Promise<FlatArray> {
    return this.resident.backend.read(this.resident.view, this.size);
  }

  override dataSync(): FlatArray {
    const { backend, view } = this.resident;
    if (backend.readNow === undefined) {
      throw new RondoError('BACKEND_UNAVAILABLE', { where: 'Variable.dataSync', what: `\`${backend.name}\` cannot be read synchronously.`, fix: 'await variable.data().' });
    }
    return backend.readNow(view, this.size);
  }

  override hostNumbers(): ArrayLike<number> {
    return this.dataSync();
  }

  override moveToHost(): void {}

  /** Replaces all numbers. @throws SHAPE_MISMATCH when their count differs. */
  assign(data: ArrayLike<number>): void {
    if (data.length !== this.size) {
      throw new RondoError('SHAPE_MISMATCH', { where: `Variable ${this.name}`, what: 'the new values have another size.', expected: `${this.size} values, shape ${describeShape(this.shape)}`, received: `${data.length} values`, fix: 'give values of the same shape.' });
    }
    this.resident.backend.write(this.resident.view, data);
  }

  private moveTo(backend: Backend): void {
    const before = this.resident;
    const data = this.dataSync();
    this.resident = place(backend, this, data);
    before.backend.free(before.view.buffer);
  }
}

/** Gives back the memory of variables that were dropped. */
const dropped = new FinalizationRegistry<{ backend: Backend; buffer: Buffer }>(({ backend, buffer }) => backend.free(buffer));

function place(backend: Backend, variable: Variable, data: ArrayLike<number>): DeviceStorage {
  if (data.length !== variable.size) {
    throw new RondoError('SHAPE_MISMATCH', { where: 'Variable', what: 'the values do not fill the shape.', expected: `${variable.size} values for ${describeShape(variable.shape)}`, received: `${data.length} values`, fix: 'give one value per element.' });
  }
  const view: View = { buffer: backend.allocate(variable.size), offset: 0 };
  backend.write(view, data);
  dropped.unregister(variable);
  dropped.register(variable, { backend, buffer: view.buffer }, variable);
  return { backend, view, scope: undefined };
}

/**
 * Runs `work` and gives back the memory of every tensor it computed, except those it returns (directly, or in arrays and
 * plain objects). A scope inside a scope is part of it. Work must be synchronous.
 */
export function scope<T>(work: () => T): T {
  if (currentScope !== undefined) return work();
  const backend = currentBackend();
  const own = new Scope(backend);
  currentScope = own;
  backend.openScope();
  try {
    const result = work();
    for (const kept of tensorsIn(result)) kept.moveToHost();
    return result;
  } finally {
    currentScope = undefined;
    own.isOpen = false;
    for (const member of own.tensors) member.leaveScope(own);
    backend.closeScope();
  }
}

/** @internal A tensor of undefined contents that lives until the open scope ends. */
export function emptyTensor(shape: Shape): Tensor {
  const own = requireScope();
  const view: View = { buffer: own.backend.temporary(sizeOf(shape)), offset: 0 };
  return new Tensor(shape, undefined, { backend: own.backend, view, scope: own });
}

/** @internal The same numbers under another shape of equal size. */
export function aliasTensor(source: Tensor, shape: Shape): Tensor {
  const own = requireScope();
  return new Tensor(shape, undefined, { backend: own.backend, view: source.viewOn(own.backend), scope: own });
}

function requireScope(): Scope {
  if (currentScope === undefined) throw new RondoError('INTERNAL', { where: 'tensor', what: 'an operation ran outside of a scope.' });
  return currentScope;
}

function* tensorsIn(value: unknown, depth = 0): Generator<Tensor> {
  if (value instanceof Tensor) yield value;
  else if (value instanceof Map) for (const member of value.values()) yield* tensorsIn(member, depth + 1);
  else if (Array.isArray(value)) for (const member of value) yield* tensorsIn(member, depth + 1);
  else if (value !== null && typeof value === 'object' && depth < 8 && Object.getPrototypeOf(value) === Object.prototype) {
    for (const member of Object.values(value)) yield* tensorsIn(member, depth + 1);
  }
}

/**
 * A tensor from nested arrays, or from a flat array and a shape.
 *
 * @throws SHAPE_MISMATCH where nested arrays are ragged or the shape does not fit the data.
 */
export function tensor(values: NestedNumbers | Tensor, shape?: Shape): Tensor {
  if (values instanceof Tensor) return values;
  if (typeof values === 'number') return new Tensor(shape ?? [], [values]);
  if (ArrayBuffer.isView(values) || (shape !== undefined && (values.length === 0 || typeof values[0] === 'number'))) {
    const flat = values as ArrayLike<number>;
    const wanted = shape ?? [flat.length];
    if (sizeOf(wanted) !== flat.length) {
      throw new RondoError('SHAPE_MISMATCH', { where: 'tensor', what: 'the data do not fill the shape.', expected: `${sizeOf(wanted)} numbers for ${describeShape(wanted)}`, received: `${flat.length} numbers`, fix: 'correct the shape, or give all numbers.' });
    }
    return new Tensor(wanted, flat);
  }
  const found = shapeOfNested(values);
  const flat = new Float64Array(sizeOf(found));
  flatten(values, found, 0, flat, 0);
  return tensor(flat, shape ?? found);
}

function shapeOfNested(values: NestedNumbers): number[] {
  const shape: number[] = [];
  for (let level: NestedNumbers = values; typeof level !== 'number'; level = level[0]) {
    shape.push(level.length);
    if (level.length === 0) break;
  }
  return shape;
}

function flatten(values: NestedNumbers, shape: Shape, axis: number, target: Float64Array, start: number): number {
  if (axis === shape.length) {
    if (typeof values !== 'number') throw ragged('a number', 'an array');
    target[start] = values;
    return start + 1;
  }
  if (typeof values === 'number' || values.length !== shape[axis]) {
    throw ragged(`${shape[axis]} entries at every place of axis ${axis}`, typeof values === 'number' ? 'a number' : `${values.length} entries`);
  }
  let next = start;
  for (let i = 0; i < values.length; i++) next = flatten(values[i], shape, axis + 1, target, next);
  return next;
}

function ragged(expected: string, received: string): RondoError {
  return new RondoError('SHAPE_MISMATCH', { where: 'tensor', what: 'the nested arrays are ragged.', expected, received, fix: 'make rows equally long; padSequences pads them.' });
}

function flatCopy(host: ArrayLike<number>): FlatArray {
  return host instanceof Float64Array ? host.slice() : Float32Array.from(host);
}

function nest(flat: FlatArray, shape: Shape): NestedNumbers {
  if (shape.length === 0) return flat[0];
  if (shape.length === 1) return Array.from(flat);
  const stride = flat.length / shape[0];
  return Array.from({ length: shape[0] }, (_, i) => nest(flat.subarray(i * stride, (i + 1) * stride), shape.slice(1)));
}
