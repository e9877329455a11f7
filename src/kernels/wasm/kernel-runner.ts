import { RondoError } from '../../errors.js';
import type { Recording } from '../contract.js';
import { inScope } from '../in-scope.js';
import type { MachineCodeBinding } from '../machine-code.js';
import { CallWriter, Workspace } from './call-writer.js';
import { KernelModules } from './kernel-modules.js';
import type { WasmBuffer, WasmMemory } from './memory.js';
import { CallRecorder, WasmRecording } from './recording.js';
import { ThreadPool } from './threads/pool.js';

/** Writes a kernel call, or the loops of an item. */
export type WriteCalls = (writer: CallWriter, workspace: Workspace) => void;

/** Words of a call's arguments that fit at first. */
const argumentWords = 1024;

/** Runs kernels of one memory: single calls on the caller's thread, items on all threads that serve. */
export class KernelRunner {
  readonly modules: KernelModules;
  readonly pool: ThreadPool;
  readonly #memory: WasmMemory;
  readonly #writer: CallWriter;
  #arguments: WasmBuffer;
  #recorder: CallRecorder | undefined;

  constructor(memory: WasmMemory, numThreads = 1, machineCode?: MachineCodeBinding) {
    this.#memory = memory;
    this.modules = new KernelModules(memory, machineCode);
    this.#writer = new CallWriter(memory, this.modules);
    this.#arguments = memory.allocate(argumentWords);
    this.pool = new ThreadPool(memory, this.modules, numThreads);
  }

  /** Whether calls are noted to be made again. */
  get isRecording(): boolean {
    return this.#recorder !== undefined;
  }

  /** Whether calls are noted for one thread, and not made. */
  get isNotingAlone(): boolean {
    return this.#recorder?.isNotingAlone === true;
  }

  /** Carries out `work` and notes its calls. */
  record(work: () => void): Recording {
    if (this.isRecording)
      throw new RondoError('INTERNAL', { where: 'wasm backend', what: 'a recording is made inside another.' });
    const recorder = new CallRecorder();
    this.#recorder = recorder;
    try {
      const kept = this.#memory.keepTemporaries(work);
      return new WasmRecording(this.#memory, this.pool, recorder.runs, kept);
    } finally {
      this.#recorder = undefined;
    }
  }

  /** While recording: notes what one thread would do in place of the last run, if that has barriers. */
  noteAlone(work: () => void): void {
    const recorder = this.#recorder;
    if (recorder?.runs.at(-1)?.usesBarriers !== true) return;
    recorder.isNotingAlone = true;
    work();
    recorder.isNotingAlone = false;
  }

  /** Runs the one call that is written, on the caller's thread. */
  run(write: WriteCalls): void {
    if (this.#recorder !== undefined) return this.runAtOnce([write]);
    const memory = this.#memory;
    const writer = this.#writer;
    inScope(memory, () => {
      writer.clear();
      write(writer, new Workspace(memory));
      if (writer.length > this.#arguments.size) {
        memory.free(this.#arguments);
        this.#arguments = memory.allocate(2 * writer.length);
      }
      const { address } = this.#arguments;
      writer.copyArguments(address);
      this.modules.kernels[writer.kernel](address);
    });
  }

  /** Whether work of some size is worth sharing, and there is somebody to share it with. */
  sharesWork(size: number, least: number): boolean {
    if (size < least) return false;
    this.pool.start();
    return this.pool.numServing > 1;
  }

  /** Runs single calls at the same time. */
  runAtOnce(writeCalls: readonly WriteCalls[]): void {
    this.parallelFor(
      writeCalls.map((write) => (writer, workspace) => {
        writer.beginItem(1);
        writer.beginLoop(1);
        write(writer, workspace);
        writer.endLoop();
      }),
    );
  }

  /**
   * Runs items at the same time; each `write` writes one. With `usesBarriers`, all of them wait for each other at their
   * barriers.
   */
  parallelFor(writeItems: readonly WriteCalls[], usesBarriers = false): void {
    inScope(this.#memory, () => {
      const memory = this.#memory;
      const writer = this.#writer;
      writer.clear();
      const starts = writeItems.map((write) => {
        const start = writer.length;
        write(writer, new Workspace(memory));
        return start;
      });
      if (this.#recorder !== undefined) {
        const words = writer.wordsFrom(0);
        this.#recorder.note(
          starts.map((start, i) => words.slice(start, starts[i + 1])),
          usesBarriers,
        );
        if (this.isNotingAlone) return;
      }
      const address = memory.temporaryBytes(4 * writer.length);
      writer.copyTo(address);
      const addresses = starts.map((start) => address + 4 * start);
      if (usesBarriers && addresses.length > 1) this.pool.runWithBarriers(addresses);
      else if (addresses.length === 1 || this.pool.numServing === 1)
        for (const item of addresses) this.pool.runAlone(item);
      else this.pool.runTogether(addresses);
    });
  }
}
