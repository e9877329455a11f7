import { type DType, isFloating } from '../dtype.js';
import { RondoError } from '../errors.js';
import { denseMatrix } from '../kernels/compress-matrix.js';
import type { CompressedMatrix, QuantizedMatrix } from '../kernels/compressed-matrix.js';
import type {
  Backend,
  Buffer,
  CompressedMatmulCall,
  GatherCall,
  MatmulCall,
  MemoryReport,
  PlacedMatrix,
  PointwiseCall,
  RecurrentForwardCall,
  Strided,
  Support,
  View,
} from '../kernels/contract.js';
import { currentBackend, useBackend } from '../kernels/select.js';
import type { CpuLoopHost, LoopingBackend, StepCall, StepStrided } from '../kernels/sequence/loop-host.js';
import { recurrentForward } from '../kernels/sequence/sequence.js';
import { notedLayer } from '../layers/running.js';
import { indexPattern } from './index-pattern.js';
import type { OperationOf, PlaceOf } from './program.js';

export type NotedPlace = PlaceOf<NotedBuffer, number>;
export type NotedOperation = OperationOf<NotedBuffer, number>;

/** An operation, and the layer that asked for it. */
export interface NotedCall {
  readonly operation: NotedOperation;
  readonly layer: string | undefined;
}

/** Memory of the noting backend: numbers are there only where the host has written them. */
export class NotedBuffer implements Buffer {
  /** Those that were there before the noted work; undefined where there are none. */
  numbers: Float64Array | undefined;
  /** Whether noted work writes it. */
  isComputed = false;

  constructor(
    readonly size: number,
    readonly dtype: DType,
    /** Whether it lives past the noted work, as weights and states do. */
    readonly isPersistent: boolean,
  ) {}
}

/**
 * A backend that computes nothing: it notes what layers ask for, products and pointwise programs in loops over time, as the
 * operations of a program. There are no numbers to be read while it notes; afterwards those of variables are as they were.
 */
class NotingBackend implements LoopingBackend {
  readonly name = 'standalone program';
  readonly floatType = 'float32';
  #noted: NotedCall[] | undefined;

  readonly loops: CpuLoopHost = {
    backend: this,
    numThreads: 1,
    numBarrierThreads: 1,
    rowsOfShard: 16,
    pack: () => undefined,
    parallelFor: (items) => {
      for (const { numSteps, calls } of items.flat())
        this.#note({ kind: 'loop', count: numSteps, body: calls.flatMap((call) => this.#stepCall(call)) });
    },
  };

  /** While work is noted nothing can be read, and layers look at nothing. */
  get isNoting(): boolean {
    return this.#noted !== undefined;
  }

  get readNow(): Backend['readNow'] {
    return this.isNoting ? undefined : readNumbers;
  }

  /** Notes what `work` computes on this backend. */
  noting(work: () => void): readonly NotedCall[] {
    const before = currentBackend();
    const noted: NotedCall[] = [];
    this.#noted = noted;
    useBackend(this);
    try {
      work();
    } finally {
      useBackend(before);
      this.#noted = undefined;
    }
    return noted;
  }

  supports(): Support {
    return { supported: false, reason: 'it computes nothing.' };
  }

  allocate(size: number, dtype: DType = 'float32'): NotedBuffer {
    return new NotedBuffer(size, dtype, true);
  }

  free(): void {}
  openScope(): void {}
  closeScope(): void {}

  temporary(size: number, dtype: DType = 'float32'): NotedBuffer {
    return new NotedBuffer(size, dtype, false);
  }

  memory(): MemoryReport {
    return { persistentBytes: 0, temporaryBytes: 0, peakBytes: 0 };
  }

  write({ buffer, offset }: View, data: ArrayLike<number>): void {
    const target = own(buffer);
    if (target.isComputed)
      throw new RondoError('USAGE', {
        where: notedLayer() ?? this.name,
        what: 'the host changes numbers in the middle of what the model computes.',
        expected: 'layers that compute with tensors alone',
        fix: 'use the model with the library itself.',
      });
    target.numbers ??= new Float64Array(target.size);
    target.numbers.set(Float64Array.from(data), offset);
  }

  async read(view: View, size: number): Promise<Float64Array> {
    return readNumbers(view, size);
  }

  fill(view: View, size: number, value: number): void {
    if (size > 0) this.#note({ kind: 'fill', size, value, target: written(view) });
  }

  pointwise(call: PointwiseCall): void {
    if (call.rows > 0 && call.columns > 0) this.#note(pointwiseOf(call));
  }

  matmul({ batch, ...call }: MatmulCall): void {
    if (call.m === 0 || call.n === 0 || batch?.count === 0) return;
    if (batch === undefined) return this.#note(productOf(call));
    if (batch.strideC === 0 && batch.count > 1 && call.accumulate !== true) {
      this.matmul({ ...call, batch: { ...batch, count: 1 } });
      const after = (place: Strided, stride: number): Strided => ({ ...place, offset: place.offset + stride });
      const [a, b] = [after(call.a, batch.strideA), after(call.b, batch.strideB)];
      return this.matmul({ ...call, a, b, accumulate: true, batch: { ...batch, count: batch.count - 1 } });
    }
    const moving = (place: Strided, stepStride: number): StepStrided => ({ ...place, stepStride });
    const { strideA, strideB, strideC, count } = batch;
    const [a, b, c] = [moving(call.a, strideA), moving(call.b, strideB), moving(call.c, strideC)];
    this.#note({ kind: 'loop', count, body: [productOf({ ...call, a, b, c })] });
  }

  placeMatrix(matrix: CompressedMatrix, segment: number): PlacedMatrix {
    return { matrix, segment, buffers: [] };
  }

  compressedMatmul(call: CompressedMatmulCall): void {
    this.#note(this.#compressed(call));
  }

  gatherRows({ columns, indices, source, target, numRows = 0 }: GatherCall): void {
    const places = { source: read(source), target: written(target) };
    if (!(indices instanceof Int32Array))
      this.#note({ kind: 'lookUp', columns, count: indices.length, numRows, indices: read(indices), ...places });
    else if (indices.length > 0 && columns > 0)
      this.#note({ kind: 'gather', columns, indices: indexPattern(indices), ...places });
  }

  scatterAddRows(): void {
    throw this.#notWritten('rows that are added at their places');
  }

  recurrentForward(calls: readonly RecurrentForwardCall[]): void {
    recurrentForward(this.loops, calls);
  }

  recurrentBackward(): void {
    throw this.#notWritten('gradients');
  }

  #note(operation: NotedOperation): void {
    this.#noted?.push({ operation, layer: notedLayer() });
  }

  #stepCall(stepCall: StepCall): NotedOperation[] {
    if (stepCall.kind === 'pointwise') return [pointwiseOf(stepCall.call)];
    if (stepCall.kind === 'matmul') return [productOf(stepCall.call)];
    return stepCall.kind === 'compressed' ? [this.#compressed(stepCall.call)] : [];
  }

  /** Blocks of pruned weights are written out with their zeros. */
  #compressed({
    m,
    n,
    a,
    c,
    firstColumn,
    matrix: { matrix },
    accumulate = false,
  }: CompressedMatmulCall): NotedOperation {
    if (matrix.kind === 'int8')
      return { kind: 'quantized', m, n, a: read(a), c: written(c), firstColumn, matrix, accumulate };
    const buffer = this.#denseOf(matrix);
    const b: Strided = { buffer, offset: firstColumn, rowStride: matrix.n };
    return productOf({ m, n, k: matrix.k, a, b, c, accumulate });
  }

  readonly #dense = new WeakMap<CompressedMatrix, NotedBuffer>();

  #denseOf(matrix: Exclude<CompressedMatrix, QuantizedMatrix>): NotedBuffer {
    let buffer = this.#dense.get(matrix);
    if (buffer === undefined) {
      buffer = new NotedBuffer(matrix.k * matrix.n, 'float32', true);
      buffer.numbers = Float64Array.from(denseMatrix(matrix));
      this.#dense.set(matrix, buffer);
    }
    return buffer;
  }

  #notWritten(what: string): RondoError {
    return new RondoError('USAGE', {
      where: notedLayer() ?? this.name,
      what: `the model computes ${what}, which standalone code cannot.`,
      fix: 'leave the layer out, or use the model with the library itself.',
    });
  }
}

/** One for all, so that weights which were placed on it are not placed again. */
export const notingBackend = new NotingBackend();

function pointwiseOf({ program, rows, columns, inputs, outputs, scalars = {} }: PointwiseCall): NotedOperation {
  const inputPlaces = program.inputs.map(({ name }) => [name, read(inputs[name])] as const);
  const outputPlaces = program.outputs.map(({ name }) => [name, written(outputs[name])] as const);
  return {
    ...{ kind: 'pointwise', program, rows, columns },
    inputs: Object.fromEntries(inputPlaces),
    outputs: Object.fromEntries(outputPlaces),
    scalars: Object.fromEntries(program.scalars.map((name) => [name, scalars[name]])),
  };
}

function productOf(call: Omit<MatmulCall, 'batch'>): NotedOperation {
  const { m, n, k, transposeA = false, transposeB = false, accumulate = false } = call;
  const places = { a: read(call.a), b: read(call.b), c: written(call.c) };
  return { kind: 'product', m, n, k, ...places, transposeA, transposeB, accumulate };
}

function read(view: View): NotedPlace {
  const { rowStride = 0, stepStride = 0 } = view as Partial<StepStrided>;
  return { store: own(view.buffer), offset: view.offset, rowStride, stepStride };
}

function written(view: View): NotedPlace {
  const place = read(view);
  const { dtype } = place.store;
  if (dtype !== 'float32' && isFloating(dtype))
    throw new RondoError('USAGE', {
      where: notedLayer() ?? 'standalone program',
      what: `the model rounds what it computes to ${dtype}.`,
      expected: 'numbers of float32',
      fix: 'leave out the layer that casts them.',
    });
  place.store.isComputed = true;
  return place;
}

function own(buffer: Buffer): NotedBuffer {
  if (buffer instanceof NotedBuffer) return buffer;
  throw new RondoError('INTERNAL', { where: 'standalone program', what: 'a buffer of another backend was given.' });
}

function readNumbers({ buffer, offset }: View, size: number): Float64Array {
  const { numbers } = own(buffer);
  return numbers === undefined ? new Float64Array(size) : numbers.slice(offset, offset + size);
}
