import { bytesOf, type DType } from '../../dtype.js';
import { RondoError } from '../../errors.js';
import { Interpreter } from '../../expression/interpret.js';
import { rounded } from '../../rounding.js';
import { compressedEngine } from '../compressed-engine.js';
import type { CompressedMatrix } from '../compressed-matrix.js';
import type {
  Backend,
  Buffer,
  Capability,
  CompressedMatmulCall,
  GatherCall,
  MatmulCall,
  MemoryReport,
  PlacedMatrix,
  PointwiseCall,
  RecurrentBackwardCall,
  RecurrentForwardCall,
  Strided,
  Support,
  View,
} from '../contract.js';
import { matricesOf } from '../matmul-batch.js';
import { serialLoopHost } from '../sequence/run-in-order.js';
import { recurrentBackward, recurrentForward } from '../sequence/sequence.js';

export interface ReferenceOptions {
  /**
   * Whether numbers can be read synchronously. Default true; without, the reference stands in for devices whose memory
   * the host cannot see.
   */
  readonly readsNow?: boolean | undefined;
}

/** Numbers in double precision, rounded to the buffer's type where they are stored. */
class ReferenceBuffer implements Buffer {
  readonly data: Float64Array;
  constructor(
    readonly size: number,
    readonly dtype: DType = 'float64',
  ) {
    this.data = new Float64Array(size);
  }

  set(place: number, value: number): void {
    this.data[place] = this.dtype === 'float64' ? value : rounded(this.dtype, value);
  }
}

/**
 * The contract in double precision, one obvious loop an operation: the oracle of the conformance suite and the backend
 * of gradient checks. Speed is no aim.
 */
class ReferenceBackend implements Backend {
  readonly name = 'reference';
  readonly readNow: Backend['readNow'];
  readonly readInto: Backend['readInto'];
  readonly floatType = 'float64';
  readonly #loops = serialLoopHost(this);
  readonly #scopes: number[] = [];
  readonly #report: MemoryReport = { persistentBytes: 0, temporaryBytes: 0, peakBytes: 0 };

  constructor({ readsNow = true }: ReferenceOptions) {
    if (!readsNow) return;
    this.readNow = copyOf;
    this.readInto = ({ buffer, offset }, target) => target.set(dataOf(buffer).subarray(offset, offset + target.length));
  }

  supports(capability: Capability): Support {
    if (capability === 'readNow' && this.readNow === undefined)
      return { supported: false, reason: 'this reference was made to be read asynchronously only.' };
    if (capability === 'float64' || capability === 'readNow' || capability === 'halfWeights')
      return { supported: true, reason: 'the reference computes in double precision on the host.' };
    return { supported: false, reason: 'the reference is plain TypeScript on one thread.' };
  }

  allocate(size: number, dtype?: DType): Buffer {
    const buffer = new ReferenceBuffer(size, dtype);
    this.#report.persistentBytes += bytesIn(buffer);
    this.#notePeak();
    return buffer;
  }

  free(buffer: Buffer): void {
    this.#report.persistentBytes -= bytesIn(buffer);
  }

  openScope(): void {
    this.#scopes.push(0);
  }

  closeScope(): void {
    const bytes = this.#scopes.pop();
    if (bytes === undefined)
      throw new RondoError('INTERNAL', { where: 'reference', what: 'closeScope without openScope.' });
    this.#report.temporaryBytes -= bytes;
  }

  temporary(size: number, dtype?: DType): Buffer {
    if (this.#scopes.length === 0)
      throw new RondoError('INTERNAL', { where: 'reference', what: 'temporary memory is taken outside of a scope.' });
    const buffer = new ReferenceBuffer(size, dtype);
    this.#scopes[this.#scopes.length - 1] += bytesIn(buffer);
    this.#report.temporaryBytes += bytesIn(buffer);
    this.#notePeak();
    buffer.data.fill(NaN); // contents are undefined: whoever relies on zeros is found out
    return buffer;
  }

  memory(): MemoryReport {
    return { ...this.#report };
  }

  #notePeak(): void {
    this.#report.peakBytes = Math.max(
      this.#report.peakBytes,
      this.#report.persistentBytes + this.#report.temporaryBytes,
    );
  }

  write({ buffer, offset }: View, data: ArrayLike<number>): void {
    const target = ownBuffer(buffer);
    for (let i = 0; i < data.length; i++) target.set(offset + i, data[i]);
  }

  async read(view: View, size: number): Promise<Float64Array> {
    return copyOf(view, size);
  }

  fill({ buffer, offset }: View, size: number, value: number): void {
    const target = ownBuffer(buffer);
    for (let i = 0; i < size; i++) target.set(offset + i, value);
  }

  pointwise({ program, rows, columns, inputs, outputs, scalars = {} }: PointwiseCall): void {
    const readers = new Map<string, (row: number, column: number) => number>();
    for (const { name, access } of program.inputs) {
      const { buffer, offset, rowStride } = inputs[name];
      const data = dataOf(buffer);
      if (access === 'column') readers.set(name, (_, column) => data[offset + column]);
      else if (access === 'row') readers.set(name, (row) => data[offset + row * rowStride]);
      else readers.set(name, (row, column) => data[offset + row * rowStride + column]);
    }
    for (const name of program.scalars) readers.set(name, () => scalars[name]);
    const interpreter = new Interpreter((name, row, column) => readers.get(name)!(row, column), columns);
    for (const output of program.outputs)
      clearSums(outputs[output.name], output.reduce, output.accumulate, rows, columns);
    for (let row = 0; row < rows; row++) {
      // All values of the row before any write, since outputs may lie over inputs.
      const values = program.outputs.map(({ expression }) =>
        Float64Array.from({ length: columns }, (_, column) => interpreter.at(expression, row, column)),
      );
      program.outputs.forEach(({ name, reduce, accumulate }, index) => {
        const { buffer, offset, rowStride } = outputs[name];
        const target = ownBuffer(buffer);
        const { data } = target;
        values[index].forEach((value, column) => {
          const place = offset + row * rowStride + column;
          if (reduce === 'none') target.set(place, accumulate ? data[place] + value : value);
          else if (reduce === 'perRow') {
            if (column === 0)
              data[offset + row * rowStride] = accumulate ? data[offset + row * rowStride] + value : value;
          } else if (reduce === 'rows') data[offset + column] += value;
          else if (reduce === 'columns') data[offset + row * rowStride] += value;
          else data[offset] += value;
        });
      });
    }
  }

  matmul(call: MatmulCall): void {
    for (const matrix of matricesOf(call)) this.#multiply(matrix);
  }

  #multiply({ m, n, k, a, b, c, transposeA = false, transposeB = false, accumulate = false }: MatmulCall): void {
    const left = dataOf(a.buffer);
    const right = dataOf(b.buffer);
    const result = dataOf(c.buffer);
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let l = 0; l < k; l++) {
          const x = left[a.offset + (transposeA ? l * a.rowStride + i : i * a.rowStride + l)];
          const y = right[b.offset + (transposeB ? j * b.rowStride + l : l * b.rowStride + j)];
          sum += x * y;
        }
        const place = c.offset + i * c.rowStride + j;
        result[place] = accumulate ? result[place] + sum : sum;
      }
    }
  }

  placeMatrix(matrix: CompressedMatrix, segment: number): PlacedMatrix {
    return { matrix, segment, buffers: [] };
  }

  compressedMatmul({ m, n, a, matrix: { matrix }, firstColumn, c, accumulate = false }: CompressedMatmulCall): void {
    const { reference: product } = compressedEngine();
    const [left, result] = [dataOf(a.buffer), dataOf(c.buffer)];
    for (let i = 0; i < m; i++) {
      const start = a.offset + i * a.rowStride;
      const row = product(matrix, left.subarray(start, start + matrix.k), firstColumn, n);
      for (let j = 0; j < n; j++) {
        const place = c.offset + i * c.rowStride + j;
        result[place] = accumulate ? result[place] + row[j] : row[j];
      }
    }
  }

  gatherRows(call: GatherCall): void {
    const { columns, source, target } = call;
    const from = dataOf(source.buffer);
    const to = dataOf(target.buffer);
    indicesOf(call).forEach((index, row) => {
      for (let column = 0; column < columns; column++) {
        to[target.offset + row * columns + column] = index < 0 ? 0 : from[source.offset + index * columns + column];
      }
    });
  }

  scatterAddRows(call: GatherCall): void {
    const { columns, source, target } = call;
    const into = dataOf(source.buffer);
    const from = dataOf(target.buffer);
    indicesOf(call).forEach((index, row) => {
      if (index < 0) return;
      for (let column = 0; column < columns; column++) {
        into[source.offset + index * columns + column] += from[target.offset + row * columns + column];
      }
    });
  }

  recurrentForward(calls: readonly RecurrentForwardCall[]): void {
    recurrentForward(this.#loops, calls);
  }

  recurrentBackward(calls: readonly RecurrentBackwardCall[]): void {
    recurrentBackward(this.#loops, calls);
  }
}

function copyOf({ buffer, offset }: View, size: number): Float64Array {
  return dataOf(buffer).slice(offset, offset + size);
}

function dataOf(buffer: Buffer): Float64Array {
  return ownBuffer(buffer).data;
}

function ownBuffer(buffer: Buffer): ReferenceBuffer {
  if (!(buffer instanceof ReferenceBuffer))
    throw new RondoError('INTERNAL', { where: 'reference', what: 'a buffer of another backend was given.' });
  return buffer;
}

function bytesIn({ size, dtype }: Buffer): number {
  return bytesOf[dtype] * size;
}

/** Indices without those beyond the source's rows. */
function indicesOf({ indices, numRows = Infinity }: GatherCall): Int32Array {
  const all = indices instanceof Int32Array ? indices : Int32Array.from(copyOf(indices, indices.length));
  return all.map((index) => (index < numRows ? index : -1));
}

function clearSums(
  { buffer, offset, rowStride }: Strided,
  reduce: string,
  accumulate: boolean,
  rows: number,
  columns: number,
): void {
  if (accumulate || reduce === 'none' || reduce === 'perRow') return;
  const data = dataOf(buffer);
  if (reduce === 'rows') data.fill(0, offset, offset + columns);
  else if (reduce === 'all') data[offset] = 0;
  else for (let row = 0; row < rows; row++) data[offset + row * rowStride] = 0;
}

/** A new reference backend: float64, one thread, no limits but the host's memory. */
export function createReferenceBackend(options: ReferenceOptions = {}): Backend {
  return new ReferenceBackend(options);
}
