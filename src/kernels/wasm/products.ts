import type { Acceleration, Accelerator } from '../acceleration.js';
import type { MatmulCall } from '../contract.js';
import { lackOfPages } from '../machine-code.js';
import { asSteps, matricesOf } from '../matmul-batch.js';
import type { PackCall, PackedMatrix, StepStridedMatmulCall } from '../sequence/loop-host.js';
import { cutBatch, writeRange } from './batched-matmul.js';
import type { CallWriter, Workspace } from './call-writer.js';
import type { KernelRunner } from './kernel-runner.js';
import { MatmulKernels, type MatmulStrategy } from './matmul.js';
import { chooseTiles, standardTiles, type TileChoice } from './matmul-choice.js';
import type { TileFamily } from './matmul-tiles.js';
import type { WasmMemory } from './memory.js';
import type { RowKernels } from './rows.js';
import { tileKernels, tileProducts } from './tile-products.js';

/** Work of about 20 us for one thread; less is not shared, since telling another thread takes a few microseconds. */
export const sharedOperations = 1e6;
/**
 * Work of several milliseconds is cut finer than there are threads, so that one that is put aside delays the others
 * little.
 */
const fineOperations = 2e8;
/**
 * A program that multiplies no more than this is done before the probe of the tiles would have paid. Some 20 ms for one
 * thread.
 */
const operationsBeforeProbe = 4e8;

export interface WasmProductsOptions {
  readonly deterministic: boolean;
  /** The tiles to multiply with, instead of those that are the fastest here. */
  readonly family: TileFamily | undefined;
}

/**
 * The matrix products of a backend: by the tiles that are measured to be the fastest once there were enough products, or
 * by a library; shared among threads where they are large.
 */
export class WasmProducts implements Acceleration {
  readonly isDeterministic: boolean;
  accelerator: Accelerator | undefined;
  readonly #memory: WasmMemory;
  readonly #runner: KernelRunner;
  readonly #rows: RowKernels;
  readonly #tiles: TileFamily;
  #kernels: MatmulKernels;
  #tileChoice: TileChoice | undefined;
  /** What tiles have multiplied before one family was chosen. */
  #operationsOfTiles = 0;

  constructor(memory: WasmMemory, runner: KernelRunner, rows: RowKernels, options: WasmProductsOptions) {
    const { deterministic, family } = options;
    this.isDeterministic = deterministic;
    this.#memory = memory;
    this.#runner = runner;
    this.#rows = rows;
    this.#tiles = family ?? standardTiles({ deterministic });
    this.#kernels = this.#kernelsOf(this.#tiles);
    if (family !== undefined) this.#tileChoice = { family, measured: [], elapsedMs: 0 };
  }

  /**
   * Which tile family multiplies matrices from now on, and what each candidate was measured to reach. Asking for it
   * measures, unless that has been done; so does computing, once there were enough products. No result depends on the
   * family.
   */
  chooseTiles(): TileChoice {
    if (this.#tileChoice === undefined) {
      this.#tileChoice = chooseTiles({ deterministic: this.isDeterministic });
      const { family } = this.#tileChoice;
      if (family !== this.#tiles) this.#kernels = this.#kernelsOf(family);
    }
    return this.#tileChoice;
  }

  get rowsOfShard(): number {
    return this.#kernels.family.rowsOfShard;
  }

  matmul(given: MatmulCall): void {
    const { m, n, k, batch } = given;
    const count = batch?.count ?? 1;
    if (m === 0 || n === 0 || count === 0) return;
    if (k === 0) return this.#multiplyNothing(given);
    if (this.accelerator?.takes(given) === true && !this.#runner.isRecording)
      return this.#accelerate(given, this.accelerator);
    const { strategy, call } = this.#kernels.wayOf(batch === undefined ? given : asSteps(given, batch));
    const operations = 2 * m * n * k * count;
    this.#countOperations(strategy, operations);
    const isShared = this.#runner.sharesWork(operations, sharedOperations);
    const parts = isShared ? this.#runner.pool.numServing * (operations > fineOperations ? 2 : 1) : 1;
    if (count > 1 || isShared)
      return this.#runner.parallelFor(
        cutBatch(this.#kernels, { call, count }, strategy, parts).map(
          (range) => (writer, workspace) => writeRange(writer, this.#kernels, range, strategy, workspace),
        ),
      );
    this.#runner.run((writer, workspace) => this.#kernels.write(writer, call, strategy, workspace));
  }

  /** Writes the product of a loop of `numSteps`. */
  writeStep(writer: CallWriter, given: StepStridedMatmulCall, numSteps: number, workspace: Workspace): void {
    const { m, n, k } = given;
    const { strategy, call } = this.#kernels.wayOf(given);
    this.#countOperations(strategy, 2 * m * n * k * numSteps);
    this.#kernels.write(writer, call, strategy, workspace);
  }

  pack(call: PackCall): PackedMatrix | undefined {
    if (this.acceleratesSteps(call)) return undefined;
    const packed = this.#kernels.packPlace(call);
    if (packed !== undefined) this.#runner.run((writer) => this.#kernels.writePack(writer, call, packed));
    return packed;
  }

  /**
   * Whether the steps' products go to the accelerator: only where one thread was asked for, because threads know none.
   */
  acceleratesSteps(call: Pick<MatmulCall, 'm' | 'n' | 'k'>): boolean {
    return (
      this.accelerator !== undefined &&
      !this.#runner.isRecording &&
      this.#runner.pool.numWanted === 1 &&
      this.accelerator.takes(call)
    );
  }

  /** A product over no inner axis. */
  #multiplyNothing(given: MatmulCall): void {
    if (given.accumulate === true) return;
    for (const { m, n, c } of matricesOf(given))
      for (let row = 0; row < m; row++) {
        const view = { ...c, offset: c.offset + row * c.rowStride };
        this.#runner.run((writer) => this.#rows.writeFill(writer, view, n, 0));
      }
  }

  #accelerate(given: MatmulCall, accelerator: Accelerator): void {
    const memory = this.#memory;
    for (const call of matricesOf(given)) {
      const [a, b, c] = [call.a, call.b, call.c].map((view) => memory.byteAddress(view));
      accelerator.multiply({ call, a, b, c, memory: memory.floats });
    }
  }

  #kernelsOf(tiles: TileFamily): MatmulKernels {
    const { modules } = this.#runner;
    const { machineCode } = modules;
    if (machineCode === undefined)
      return new MatmulKernels(this.#memory, tileProducts(tiles), tileKernels(modules, tiles));
    return new MatmulKernels(this.#memory, machineCode.code.products, {
      numberOf: (name) => {
        const number = modules.numberOfMachineCode(name);
        // The kernels of WebAssembly want products to be cut in another way.
        if (number === undefined) throw lackOfPages();
        return number;
      },
    });
  }

  /** Chooses the tiles once they have multiplied enough for it to pay. */
  #countOperations(strategy: MatmulStrategy, operations: number): void {
    if (this.#tileChoice !== undefined || this.#runner.modules.machineCode !== undefined || strategy !== 'blocked')
      return;
    this.#operationsOfTiles += operations;
    if (this.#operationsOfTiles > operationsBeforeProbe) this.chooseTiles();
  }
}
