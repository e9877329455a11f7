import type { DType } from '../dtype.js';
import { RondoError } from '../errors.js';
import type { Backend, View } from '../kernels/contract.js';
import { convert } from '../kernels/convert.js';
import { currentBackend } from '../kernels/select.js';
import type { Shape } from '../shape.js';
import type { CompressedWeights } from './compressed-weights.js';
import { openScope } from './open-scope.js';
import { copyRow, forgetMemory, ownedBy, placeOn, type Resident } from './own-memory.js';
import { type FlatArray, Tensor } from './tensor.js';
import { requireValues, requireVariableType } from './typed-numbers.js';

/** A tensor that lives until the program drops it and whose numbers can be replaced: a weight, a layer's state. */
export class Variable extends Tensor {
  #place: Resident | undefined;
  /**
   * @internal What of it is pruned: a variable of its shape that is 0 where this one is 0 and stays so in training, else
   * 1; `'zeros'` for all that is 0 when training begins.
   */
  mask: Variable | 'zeros' | undefined;
  #compressed: CompressedWeights | undefined;
  /** The numbers, which are exactly of 16 bits, in the form that products read: until something needs them themselves. */
  #halves: CompressedWeights | undefined;
  #trainable: boolean;

  /**
   * @param name readable and unique within a model; the name in saved files.
   * @param trainable whether optimizers change it.
   * @param storedType how its elements are stored, instead of in the backend's float type; not for what is trained.
   */
  constructor(
    shape: Shape,
    data: ArrayLike<number>,
    public name: string,
    trainable = true,
    storedType?: DType,
  ) {
    super([...shape], undefined, undefined, storedType);
    this.#trainable = trainable;
    this.mayChange = true;
    requireValues(`Variable ${name}`, shape, data.length);
    if (storedType !== undefined) requireVariableType(this, storedType);
    this.#place = placeOn(currentBackend(), this, data);
  }

  protected override get title(): string {
    return `Variable ${this.name}`;
  }

  /** Whether optimizers change it. @throws USAGE where a compressed weight is to be trained */
  get trainable(): boolean {
    return this.#trainable;
  }

  set trainable(value: boolean) {
    if (value && this.#compressed !== undefined) throw this.#cannotChange();
    this.#trainable = value;
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
    this.#trainable = false;
    this.mayChange = false;
  }

  /** @internal Takes numbers of 16 bits, which stay so until they are trained or are read as themselves. */
  keepHalves(weights: CompressedWeights): void {
    this.#release();
    this.#halves = weights;
  }

  /** @internal */
  override weightsForProducts(backend: Backend): CompressedWeights | undefined {
    if (this.#halves === undefined) return this.#compressed;
    return backend.supports('halfWeights').supported ? this.#halves : undefined;
  }

  /** @internal What is another object once the numbers lie elsewhere. */
  placeOn(backend: Backend): object {
    return this.weightsForProducts(backend) ?? this.storedViewOn(backend).buffer;
  }

  override async data(): Promise<FlatArray> {
    return this.#smaller?.numbers() ?? super.data();
  }

  override dataSync(): FlatArray {
    return this.#smaller?.numbers() ?? super.dataSync();
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
    if (this.#compressed !== undefined) throw this.#cannotChange();
    const isTensor = data instanceof Tensor;
    requireValues(`Variable ${this.name}`, this.shape, isTensor ? data.size : data.length);
    const { backend, view } = this.resident();
    const there = isTensor ? data.viewIfOn(backend) : undefined;
    if (there === undefined) backend.write(view, isTensor ? data.hostNumbers() : data);
    else if (there.buffer.dtype !== view.buffer.dtype) convert(backend, this.size, there, view);
    else if (there.buffer !== view.buffer && this.size > 0) copyRow(backend, this.size, there, view);
  }

  /** @internal Exchanges the memory with a variable of the same size and type, so that each has the other's numbers. */
  exchange(other: Variable): void {
    const own = this.resident();
    this.#place = ownedBy(this, other.resident());
    other.#place = ownedBy(other, own);
  }

  #cannotChange(): RondoError {
    return new RondoError('USAGE', {
      where: `Variable ${this.name}`,
      what: 'a compressed weight cannot change.',
      fix: 'train or assign the weights of the model that was compressed, and compress it again.',
    });
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
    if (this.mask instanceof Variable) this.mask.dispose();
    this.#release();
  }

  get #smaller(): CompressedWeights | undefined {
    return this.#compressed ?? this.#halves;
  }

  /** Gives back the memory of the numbers, in whatever form they are. */
  #release(): void {
    this.#smaller?.dispose();
    this.#compressed = undefined;
    this.#halves = undefined;
    if (this.#place === undefined) return;
    forgetMemory(this);
    this.#place.backend.free(this.#place.view.buffer);
    this.#place = undefined;
  }

  /** @internal */
  override outliveScope(): void {}

  protected override residentIfAny(): Resident | undefined {
    return this.#smaller === undefined ? this.resident() : undefined;
  }

  protected override resident(): Resident {
    if (this.#halves !== undefined) {
      const numbers = this.#halves.numbers();
      this.#release();
      this.#place = placeOn(currentBackend(), this, numbers);
    }
    if (this.#place !== undefined) return this.#place;
    throw new RondoError('USAGE', {
      where: `Variable ${this.name}`,
      what: 'the variable is used after dispose().',
      fix: 'make the layer or model anew.',
    });
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
