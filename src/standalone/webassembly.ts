import type { QuantizedMatrix } from '../kernels/compressed-matrix.js';
import { scratchBytes } from '../kernels/vector/pointwise-layout.js';
import { type PointwisePlan, planPointwise } from '../kernels/vector/pointwise-plan.js';
import {
  type Func,
  type FunctionBuilder,
  f32,
  i32,
  type Local,
  ModuleBuilder,
  type Operand,
  type Value,
  type ValueType,
} from '../kernels/wasm/assembler.js';
import { type Layout, layoutOf } from '../kernels/wasm/compressed-products.js';
import { writeInt8BlockProduct } from '../kernels/wasm/int8-block-products.js';
import { writeInt8Product } from '../kernels/wasm/int8-products.js';
import { rowsAtOnce } from '../kernels/wasm/int8-rows.js';
import { mostFewRows, writeDotRows, writeFewRows } from '../kernels/wasm/matmul-rows.js';
import { emitPointwise } from '../kernels/wasm/pointwise-emit.js';
import { LANES } from '../kernels/wasm/row-access.js';
import { writeFill, writeGather } from '../kernels/wasm/rows.js';
import { type Extent, extentOf, LinearMemory, plus } from './linear-memory.js';
import type {
  Amount,
  GatherOf,
  Operation,
  Place,
  PointwiseOf,
  ProductOf,
  Program,
  QuantizedProductOf,
  ScalarOf,
  Store,
} from './program.js';
import { workMemory } from './work-memory.js';

/** A program as WebAssembly that imports its memory and exports `run` (of a length) and `reset`. */
export interface WebAssemblyProgram {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** How much memory it needs, in bytes. */
  readonly memory: Extent;
  /** Where the arrays that go in and come out begin. */
  addressOf(store: Store): Extent;
}

type Product = ProductOf<Store, Amount>;
type Pointwise = PointwiseOf<Store, Amount>;
type Quantized = QuantizedProductOf<Store, Amount>;
type Gather = GatherOf<Store, Amount>;
type Args = readonly Operand<ValueType>[];

/** A pointwise kernel, and where the block of its arguments lies. */
interface PointwiseKernel {
  readonly plan: PointwisePlan;
  readonly func: Func<readonly ['i32'], undefined>;
}

interface PlacedMatrix {
  readonly layout: Layout;
  readonly segment: number;
  readonly addresses: readonly number[];
}

/**
 * Writes a program with the kernels of the library, which multiply and add separately here, so that the numbers have the same bits on
 * every engine.
 */
export function webAssemblyProgram(program: Program): WebAssemblyProgram {
  return new WebAssemblyWriter(program).write();
}

class WebAssemblyWriter {
  readonly #program: Program;
  readonly #module = new ModuleBuilder();
  readonly #memory = new LinearMemory();
  readonly #addresses = new Map<Store, Extent>();
  /** Of states that do not begin as zeros: where their first numbers are. */
  readonly #starts = new Map<Store, number>();
  readonly #matrices = new Map<string, PlacedMatrix>();
  readonly #matrixNumbers = new Map<QuantizedMatrix, number>();
  readonly #lists = new Map<Int32Array, number>();
  readonly #pointwise = new Map<string, PointwiseKernel>();
  readonly #blocks = new Map<Pointwise, number>();
  #scratch: Extent = { fixed: 0, perStep: 0 };

  constructor(program: Program) {
    this.#program = program;
  }

  write(): WebAssemblyProgram {
    const { operations } = this.#program;
    for (const operation of flat(operations)) this.#prepare(operation);
    this.#placeStores();
    this.#scratch = this.#memory.takeGrowing(this.#scratchSize(operations));
    this.#module.func('run', { params: ['i32'] }, (f, length) => {
      const writer = new RunWriter(f, length);
      for (const operation of operations) this.#operation(writer, operation);
    });
    this.#module.func('reset', { params: [] }, (f) => {
      for (const store of this.#program.stores) {
        if (store.role !== 'state') continue;
        const start = this.#starts.get(store);
        const address = this.#addresses.get(store)!.fixed;
        const sizeBytes = 4 * (store.size as number);
        if (start === undefined) f.fillMemory(address, 0, sizeBytes);
        else f.copyMemory(address, start, sizeBytes);
      }
    });
    for (const { address, bytes } of this.#memory.data) this.#module.data(address, bytes);
    return {
      bytes: this.#module.toBytes(),
      memory: this.#memory.size,
      addressOf: (store) => this.#addresses.get(store)!,
    };
  }

  /** Everything that has a size of its own: constants, states, arguments; then what grows. */
  #placeStores(): void {
    const memory = this.#memory;
    const { stores } = this.#program;
    for (const store of stores) {
      const { role, numbers, isWhole, size } = store;
      if (role === 'constant') {
        const array = isWhole ? Int32Array.from(numbers!) : Float32Array.from(numbers!);
        this.#addresses.set(store, extentOf(memory.place(array)));
      } else if (role === 'state') {
        if (numbers!.some((value) => value !== 0)) this.#starts.set(store, memory.place(Float32Array.from(numbers!)));
        this.#addresses.set(store, extentOf(memory.take(4 * (size as number))));
      } else if (role === 'input' && typeof size === 'number')
        this.#addresses.set(store, extentOf(memory.take(4 * size)));
    }
    if (this.#program.kind === 'step')
      for (const isWhole of [false, true]) {
        const work = workMemory(this.#program, isWhole, (amount) => amount as number);
        const address = memory.take(4 * work.size);
        for (const [store, offset] of work.offsets) this.#addresses.set(store, extentOf(address + 4 * offset));
      }
    for (const store of stores)
      if (!this.#addresses.has(store)) this.#addresses.set(store, memory.takeGrowing(extentOf(store.size, 4)));
  }

  /** What the operations work in, one after the other. */
  #scratchSize(operations: readonly Operation[]): Extent {
    const sizes = flat(operations).map((operation): Extent => {
      if (operation.kind === 'quantized') {
        const { layout } = this.#matrixOf(operation);
        return extentOf(layout.workspaceBytes(rowsAtOnce, operation.matrix.k));
      }
      if (operation.kind !== 'pointwise') return extentOf(0);
      const { plan } = this.#kernelOf(operation);
      if (!plan.needsScratch) return extentOf(0);
      const { columns } = operation;
      if (typeof columns === 'number') return extentOf(scratchBytes(plan, columns, LANES));
      // Rounded up to whole vectors.
      const perColumn = scratchBytes(plan, LANES, LANES) / LANES;
      return plus(extentOf(columns, perColumn), extentOf(LANES * perColumn));
    });
    return {
      fixed: Math.max(0, ...sizes.map(({ fixed }) => fixed)),
      perStep: Math.max(0, ...sizes.map(({ perStep }) => perStep)),
    };
  }

  /** Writes the kernel of an operation where there is none yet, and places its constants. */
  #prepare(operation: Operation): void {
    switch (operation.kind) {
      case 'pointwise': {
        const { inputs, outputs, scalars } = operation.program;
        this.#kernelOf(operation);
        this.#blocks.set(operation, this.#memory.take(4 * (3 + 2 * (inputs.length + outputs.length) + scalars.length)));
        return;
      }
      case 'product':
        if (operation.transposeB) this.#once('dot_rows', (module) => writeDotRows(module, 'plain'));
        else this.#once('few_rows', (module) => writeFewRows(module, 'plain'));
        return;
      case 'quantized': {
        const { kernel } = this.#matrixOf(operation).layout;
        if (kernel === 'int8_block_product') this.#once(kernel, (module) => writeInt8BlockProduct(module, false));
        else this.#once(kernel, (module) => writeInt8Product(module, false));
        return;
      }
      case 'gather':
        if (operation.indices.kind !== 'list') return;
        this.#once('gather', writeGather);
        this.#lists.set(operation.indices.values, this.#memory.place(operation.indices.values));
        return;
      case 'lookUp':
        return this.#once('gather', writeGather);
      case 'fill':
        return this.#once('fill', writeFill);
      case 'loop':
    }
  }

  #named(name: string): Func<readonly ValueType[], undefined> {
    const func = this.#module.find(name);
    if (func === undefined) throw new TypeError(`the kernel ${name} was not written`);
    return func;
  }

  #once(name: string, write: (module: ModuleBuilder) => void): void {
    if (this.#module.find(name) === undefined) write(this.#module);
  }

  #kernelOf({ program, inputs, outputs }: Pointwise): PointwiseKernel {
    const typeOf = ({ store }: Place) => (store.isWhole ? 'int32' : 'float32');
    const types = {
      inputs: program.inputs.map(({ name }) => typeOf(inputs[name])),
      outputs: program.outputs.map(({ name }) => typeOf(outputs[name])),
    } as const;
    const key = `${program.key}|${types.inputs.join()}|${types.outputs.join()}`;
    let kernel = this.#pointwise.get(key);
    if (kernel === undefined) {
      const plan = planPointwise(program);
      const name = `pointwise_${this.#pointwise.size}`;
      emitPointwise(this.#module, plan, 'plain', types, name);
      kernel = { plan, func: this.#named(name) as PointwiseKernel['func'] };
      this.#pointwise.set(key, kernel);
    }
    return kernel;
  }

  #matrixOf({ matrix, firstColumn, n }: Quantized): PlacedMatrix {
    const segment = [firstColumn, n as number].reduce(commonDivisor, matrix.n);
    const number = this.#matrixNumbers.get(matrix) ?? this.#matrixNumbers.size;
    this.#matrixNumbers.set(matrix, number);
    const key = `${number} ${segment}`;
    let placed = this.#matrices.get(key);
    if (placed === undefined) {
      const layout = layoutOf(matrix, segment);
      placed = { layout, segment, addresses: layout.arrays.map((array) => this.#memory.place(array)) };
      this.#matrices.set(key, placed);
    }
    return placed;
  }

  #operation(run: RunWriter, operation: Operation): void {
    switch (operation.kind) {
      case 'loop':
        return run.loop(operation.count, () => {
          for (const inner of operation.body) this.#operation(run, inner);
        });
      case 'pointwise':
        return this.#runPointwise(run, operation);
      case 'product':
        return this.#runProduct(run, operation);
      case 'quantized':
        return this.#runQuantized(run, operation);
      case 'gather':
        return this.#runGather(run, operation);
      case 'lookUp': {
        const { count, columns, numRows, indices, source, target } = operation;
        const places = [indices, source, target].map((place) => this.#address(run, place));
        return run.call(this.#named('gather'), [
          run.amount(count),
          run.amount(columns),
          ...places,
          run.amount(numRows),
        ]);
      }
      case 'fill': {
        const { target, size, value } = operation;
        run.call(this.#named('fill'), [this.#address(run, target), run.amount(size), f32.const(value)]);
      }
    }
  }

  #address(run: RunWriter, { store, offset, stepStride }: Place): Operand<'i32'> {
    return run.address(plus(this.#addresses.get(store)!, extentOf(offset, 4)), extentOf(stepStride, 4));
  }

  #runPointwise(run: RunWriter, operation: Pointwise): void {
    const { program, rows, columns, inputs, outputs, scalars } = operation;
    const { func, plan } = this.#kernelOf(operation);
    const places = [
      ...program.inputs.map(({ name }) => inputs[name]),
      ...program.outputs.map(({ name }) => outputs[name]),
    ];
    const words: Operand<'i32'>[] = [
      run.amount(rows),
      run.amount(columns),
      ...places.flatMap((place) => [this.#address(run, place), run.amount(place.rowStride, 4)]),
      plan.needsScratch ? run.extent(this.#scratch) : 0,
    ];
    const block = this.#blocks.get(operation)!;
    for (const [i, word] of words.entries()) run.f.storeI32(block, word, 4 * i);
    for (const [i, name] of program.scalars.entries())
      run.f.storeF32(block, run.scalar(scalars[name]), 4 * (words.length + i));
    run.call(func as Func<readonly ValueType[], undefined>, [block]);
  }

  #runProduct(run: RunWriter, { m, n, k, a, b, c, transposeA, transposeB, accumulate }: Product): void {
    const [rowOfA, stepOfA] = transposeA ? [4, run.amount(a.rowStride, 4)] : [run.amount(a.rowStride, 4), 4];
    const args = (rows: Operand<'i32'>, atA: Operand<'i32'>, atC: Operand<'i32'>): Args => [
      ...[rows, run.amount(n), run.amount(k), atA],
      ...(transposeB ? [run.amount(a.rowStride, 4)] : [rowOfA, stepOfA]),
      ...[this.#address(run, b), run.amount(b.rowStride, 4), atC, run.amount(c.rowStride, 4), Number(accumulate)],
    ];
    const [startOfA, startOfC] = [this.#address(run, a), this.#address(run, c)];
    if (transposeB && transposeA && m !== 1)
      throw new TypeError('a product of two transposed matrices is in no program');
    if (transposeB || (typeof m === 'number' && m <= mostFewRows)) {
      const func = this.#named(transposeB ? 'dot_rows' : 'few_rows');
      return run.call(func, args(run.amount(m), startOfA, startOfC));
    }
    const { f } = run;
    const [left, atA, atC] = [run.amount(m), startOfA, startOfC].map((value) => run.local(value));
    const rows = f.local('i32');
    f.while(i32.gt_s(left, 0), () => {
      f.set(rows, mostFewRows);
      f.if(i32.lt_s(left, mostFewRows), () => f.set(rows, left));
      run.call(this.#named('few_rows'), args(rows, atA, atC));
      f.set(atA, i32.add(atA, i32.mul(rows, transposeA ? 4 : run.amount(a.rowStride, 4))));
      f.set(atC, i32.add(atC, i32.mul(rows, run.amount(c.rowStride, 4))));
      f.set(left, i32.sub(left, rows));
    });
  }

  #runQuantized(run: RunWriter, operation: Quantized): void {
    const { matrix, firstColumn, m, n, a, c, accumulate } = operation;
    const { layout, segment, addresses } = this.#matrixOf(operation);
    const { panelOutputs, panelBytes } = layout;
    const panelsBefore = (firstColumn / segment) * Math.ceil(segment / panelOutputs);
    run.call(this.#named(layout.kernel), [
      ...[run.amount(m), matrix.k, (n as number) / segment, segment],
      ...[this.#address(run, a), run.amount(a.rowStride, 4)],
      ...addresses.map((address, i) => address + panelsBefore * (panelBytes[i] ?? 0)),
      ...[this.#address(run, c), run.amount(c.rowStride, 4), Number(accumulate), run.extent(this.#scratch)],
    ]);
  }

  #runGather(run: RunWriter, { columns, indices, source, target }: Gather): void {
    const { f } = run;
    if (indices.kind === 'list') {
      const list = this.#lists.get(indices.values)!;
      const [from, to] = [source, target].map((place) => this.#address(run, place));
      const gather = this.#named('gather');
      return run.call(gather, [indices.values.length, run.amount(columns), list, from, to, 0x7fffffff]);
    }
    const to = run.local(this.#address(run, target));
    const from = run.local(this.#address(run, source));
    const [i, row] = [f.local('i32'), f.local('i32')];
    const rowOf = (at: Operand<'i32'>): Value<'i32'> => i32.add(from, i32.mul(at, run.amount(columns, 4)));
    if (indices.kind === 'even') {
      f.set(row, run.amount(indices.first));
      f.for(i, 0, run.local(run.amount(indices.count)), 1, () => {
        f.copyMemory(to, rowOf(row), run.amount(columns, 4));
        f.set(to, i32.add(to, run.amount(columns, 4)));
        f.set(row, i32.add(row, run.amount(indices.step)));
      });
      return;
    }
    const { width, innerStep, limit, step, first, count } = indices;
    const bytes = run.local(run.amount(columns, 4));
    const [within, start] = [f.local('i32'), run.local(run.amount(first))];
    f.set(row, start);
    const [windows, inEach] = [run.local(run.amount(count)), run.local(run.amount(width))];
    f.for(i, 0, run.local(i32.mul(windows, inEach)), 1, () => {
      f.if(
        i32.lt_u(row, run.amount(limit)),
        () => f.copyMemory(to, rowOf(row), bytes),
        () => f.fillMemory(to, 0, bytes),
      );
      f.set(to, i32.add(to, bytes));
      f.set(row, i32.add(row, run.amount(innerStep)));
      f.set(within, i32.add(within, 1));
      f.if(i32.eq(within, inEach), () => {
        f.set(within, 0);
        f.set(start, i32.add(start, run.amount(step)));
        f.set(row, start);
      });
    });
  }
}

/** Writes the function that runs a program. */
class RunWriter {
  readonly f: FunctionBuilder;
  readonly #length: Local<'i32'>;
  #step: Local<'i32'> | undefined;

  constructor(f: FunctionBuilder, length: Local<'i32'>) {
    this.f = f;
    this.#length = length;
  }

  amount(amount: Amount, factor = 1): Operand<'i32'> {
    return this.extent(extentOf(amount, factor));
  }

  extent({ fixed, perStep }: Extent): Operand<'i32'> {
    return perStep === 0 ? fixed : i32.add(i32.mul(this.#length, perStep), fixed);
  }

  scalar(scalar: ScalarOf<Amount>): Operand<'f32'> {
    if (typeof scalar === 'number') return scalar;
    const size = f32.convert_i32_s(this.local(this.amount(scalar.size)));
    return scalar.kind === 'size' ? size : f32.div(1, size);
  }

  /** An address that moves with each step of the loop around it. */
  address(address: Extent, stepStride: Extent): Operand<'i32'> {
    const isMoving = this.#step !== undefined && (stepStride.fixed !== 0 || stepStride.perStep !== 0);
    if (!isMoving) return this.extent(address);
    return i32.add(i32.mul(this.#step!, this.extent(stepStride)), this.extent(address));
  }

  local(value: Operand<'i32'>): Local<'i32'> {
    const local = this.f.local('i32');
    this.f.set(local, value);
    return local;
  }

  call(func: Func<readonly ValueType[], undefined>, args: Args): void {
    this.f.call(func, ...(args as Operand<ValueType>[]));
  }

  loop(count: Amount, body: () => void): void {
    if (count === 1) return body();
    const step = this.f.local('i32');
    this.f.for(step, 0, this.local(this.amount(count)), 1, () => {
      this.#step = step;
      body();
      this.#step = undefined;
    });
  }
}

function flat(operations: readonly Operation[]): Operation[] {
  return operations.flatMap((operation) => (operation.kind === 'loop' ? flat(operation.body) : [operation]));
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}
