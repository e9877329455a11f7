import { CallWriter, Workspace } from './call-writer.js';
import { KernelModules } from './kernel-modules.js';
import type { WasmBuffer, WasmMemory } from './memory.js';
import { ThreadPool } from './threads/pool.js';

/** Writes a kernel call, or the loops of a part. */
export type WriteCalls = (writer: CallWriter, workspace: Workspace) => void;

/** Words of a call's arguments that fit at first. */
const argumentWords = 1024;

/** Runs kernels of one memory: single calls on the caller's thread, parts on all threads that serve. */
export class KernelRunner {
  readonly modules: KernelModules;
  readonly pool: ThreadPool;
  readonly #memory: WasmMemory;
  readonly #writer: CallWriter;
  #arguments: WasmBuffer;

  constructor(memory: WasmMemory, numThreads = 1) {
    this.#memory = memory;
    this.#writer = new CallWriter(memory);
    this.#arguments = memory.allocate(argumentWords);
    this.modules = new KernelModules(memory);
    this.pool = new ThreadPool(memory, this.modules, numThreads);
  }

  /** Runs the one call that is written, on the caller's thread. */
  run(write: WriteCalls): void {
    const memory = this.#memory;
    const writer = this.#writer;
    memory.openScope();
    writer.clear();
    write(writer, new Workspace(memory));
    if (writer.length > this.#arguments.size) {
      memory.free(this.#arguments);
      this.#arguments = memory.allocate(2 * writer.length);
    }
    const { address } = this.#arguments;
    writer.copyArguments(address);
    this.modules.kernels[writer.kernel](address);
    memory.closeScope();
  }

  /** Runs single calls at the same time. */
  runAtOnce(writeCalls: readonly WriteCalls[]): void {
    this.runParts(
      writeCalls.map((write) => (writer, workspace) => {
        writer.beginPart(1);
        writer.beginLoop(1);
        write(writer, workspace);
        writer.endLoop();
      }),
    );
  }

  /** Runs parts at the same time; each `write` writes one. */
  runParts(writeParts: readonly WriteCalls[]): void {
    const memory = this.#memory;
    const writer = this.#writer;
    memory.openScope();
    writer.clear();
    const starts = writeParts.map((write) => {
      const start = writer.length;
      write(writer, new Workspace(memory));
      return start;
    });
    const address = memory.temporaryBytes(4 * writer.length);
    writer.copyTo(address);
    if (starts.length === 1 || this.pool.numServing === 1) for (const start of starts) this.pool.runAlone(address + 4 * start);
    else this.pool.runTogether(starts.map((start) => address + 4 * start));
    memory.closeScope();
  }
}
