import { bytesOf, type DType } from '../../dtype.js';
import { RondoError } from '../../errors.js';
import type { Buffer, MemoryReport, View } from '../contract.js';
import { FreeList } from './free-list.js';

const pageBytes = 65536;
const mostPages = 65536;
/** 64 MiB: with less, nothing could be trained. */
const leastMaximumPages = 1024;
/** Every buffer starts on a cache line. */
const alignment = 64;
/** Nothing is placed at address 0, so that 0 can mean "absent" in kernels. */
const firstAddress = 1024;
const leastChunkBytes = 1 << 20;

const aligned = (bytes: number): number => Math.max(alignment, Math.ceil(bytes / alignment) * alignment);

interface Elements {
  readonly size: number;
  readonly dtype: DType;
}

/** A range of a {@link WasmMemory}. It ends with `free`, or with the scope that it was taken in. */
export class WasmBuffer implements Buffer {
  readonly size: number;
  readonly address: number;
  readonly owner: WasmMemory;
  /** Persistent buffers are their own life; temporaries share that of their scope. */
  readonly life: { isOver: boolean };
  readonly dtype: DType;
  readonly elementBytes: number;

  constructor(owner: WasmMemory, address: number, { size, dtype }: Elements, life: { isOver: boolean }) {
    this.owner = owner;
    this.address = address;
    this.size = size;
    this.dtype = dtype;
    this.elementBytes = bytesOf[dtype];
    this.life = life;
  }
}

/** A range of a memory. */
export interface Chunk {
  readonly address: number;
  readonly bytes: number;
}

/** What the arena returns to when a scope closes. */
interface Scope {
  readonly life: { isOver: boolean };
  readonly chunk: number;
  readonly used: number;
  readonly temporaryBytes: number;
}

export interface WasmMemoryOptions {
  /**
   * A memory that worker threads can share. Default false, because it needs a cross-origin isolated page in a browser.
   */
  shared?: boolean | undefined;
  /** The most that the memory may grow to. Default 4 GiB, the limit of 32-bit addresses. */
  maximumBytes?: number | undefined;
}

/**
 * One 32-bit WebAssembly memory with a persistent allocator (free list) and an arena for temporaries (bump allocation
 * in chunks that are kept and reused). Addresses are in bytes, up to 2^32: kernels compare them unsigned.
 *
 * The memory grows here and nowhere else. Growing detaches earlier typed arrays: take `floats` and `integers` anew
 * after each call that may allocate.
 */
export class WasmMemory {
  readonly memory: WebAssembly.Memory;
  readonly isShared: boolean;
  /** What the memory may grow to; less than was asked for where the system does not give that much. */
  maximumPages = 0;
  readonly #free = new FreeList();
  readonly #chunks: Chunk[] = [];
  readonly #scopes: Scope[] = [];
  /** Where the next temporary goes: `used` bytes into chunk number `chunk`. */
  #chunk = 0;
  #used = 0;
  #floats: Float32Array;
  #integers: Int32Array;
  #persistentBytes = 0;
  #temporaryBytes = 0;
  #peakBytes = 0;
  /** Where the temporaries of {@link WasmMemory.keepTemporaries} are. */
  #kept: Chunk[] | undefined;

  constructor(options: WasmMemoryOptions = {}) {
    this.isShared = options.shared ?? false;
    this.memory = this.#create(
      Math.min(mostPages, Math.floor((options.maximumBytes ?? mostPages * pageBytes) / pageBytes)),
    );
    this.#floats = new Float32Array(this.memory.buffer);
    this.#integers = new Int32Array(this.memory.buffer);
    this.#free.give(firstAddress, pageBytes - firstAddress);
  }

  /** The whole memory as float32; valid until the next allocation. */
  get floats(): Float32Array {
    return this.#floats;
  }

  /** The whole memory as int32; valid until the next allocation. */
  get integers(): Int32Array {
    return this.#integers;
  }

  /** A zeroed buffer that lives until `free`. @throws OUT_OF_MEMORY */
  allocate(size: number, dtype: DType = 'float32'): WasmBuffer {
    const bytes = aligned(size * bytesOf[dtype]);
    const address = this.#take(bytes);
    this.floats.fill(0, address / 4, (address + bytes) / 4);
    this.#persistentBytes += bytes;
    this.#notePeak();
    return new WasmBuffer(this, address, { size, dtype }, { isOver: false });
  }

  /** @throws INTERNAL for a buffer that is not one of `allocate`, or was freed before */
  free(buffer: Buffer): void {
    const own = this.#require(buffer);
    if (this.#scopes.some(({ life }) => life === own.life)) {
      throw new RondoError('INTERNAL', {
        where: 'WasmMemory.free',
        what: 'a temporary buffer is freed.',
        fix: 'close its scope instead.',
      });
    }
    own.life.isOver = true;
    const bytes = aligned(own.size * own.elementBytes);
    this.#free.give(own.address, bytes);
    this.#persistentBytes -= bytes;
  }

  openScope(): void {
    this.#scopes.push({
      life: { isOver: false },
      chunk: this.#chunk,
      used: this.#used,
      temporaryBytes: this.#temporaryBytes,
    });
  }

  /** Gives back what was taken since the matching `openScope`. @throws INTERNAL where no scope is open */
  closeScope(): void {
    const scope = this.#scopes.pop();
    if (scope === undefined)
      throw new RondoError('INTERNAL', { where: 'WasmMemory.closeScope', what: 'no scope is open.' });
    scope.life.isOver = true;
    this.#chunk = scope.chunk;
    this.#used = scope.used;
    this.#temporaryBytes = scope.temporaryBytes;
    if (this.#scopes.length === 0) this.#mergeChunks();
  }

  /** A buffer (contents undefined) that lives until the innermost open scope closes. @throws OUT_OF_MEMORY */
  temporary(size: number, dtype: DType = 'float32'): WasmBuffer {
    const address = this.temporaryBytes(size * bytesOf[dtype]);
    return new WasmBuffer(this, address, { size, dtype }, this.#scopes[this.#scopes.length - 1].life);
  }

  /**
   * The address of `bytes` bytes (contents undefined) in the innermost open scope, for a kernel's workspace. @throws
   * OUT_OF_MEMORY
   */
  temporaryBytes(bytes: number): number {
    if (this.#scopes.length === 0) {
      throw new RondoError('INTERNAL', {
        where: 'WasmMemory.temporary',
        what: 'no scope is open.',
        fix: 'call openScope before.',
      });
    }
    const needed = aligned(bytes);
    if (this.#kept !== undefined) return this.#keep(needed, this.#kept);
    let chunk = this.#chunks[this.#chunk];
    while (chunk === undefined || this.#used + needed > chunk.bytes) {
      // A chunk too small for this request is passed over; it is used again once the scope closes.
      if (chunk !== undefined) {
        this.#chunk++;
        this.#used = 0;
      }
      if (this.#chunk === this.#chunks.length) this.#addChunk(needed);
      chunk = this.#chunks[this.#chunk];
    }
    const address = chunk.address + this.#used;
    this.#used += needed;
    this.#temporaryBytes += needed;
    this.#notePeak();
    return address;
  }

  /**
   * Runs `work`, each of whose temporaries gets a place of its own that nothing else uses until it is given to
   * {@link WasmMemory.giveBack}, so that what was computed there can be computed again.
   */
  keepTemporaries(work: () => void): readonly Chunk[] {
    const kept: Chunk[] = [];
    this.#kept = kept;
    try {
      work();
      return kept;
    } catch (error) {
      this.giveBack(kept);
      throw error;
    } finally {
      this.#kept = undefined;
    }
  }

  /** Frees what {@link WasmMemory.keepTemporaries} kept. */
  giveBack(kept: readonly Chunk[]): void {
    for (const { address, bytes } of kept) {
      this.#free.give(address, bytes);
      this.#persistentBytes -= bytes;
    }
  }

  #keep(bytes: number, kept: Chunk[]): number {
    const address = this.#take(bytes);
    kept.push({ address, bytes });
    this.#persistentBytes += bytes;
    this.#notePeak();
    return address;
  }

  /**
   * Where a view starts, in bytes. @throws INTERNAL for a foreign buffer, one whose life is over, or an offset outside
   */
  byteAddress(view: View): number {
    const buffer = this.#require(view.buffer);
    if (!(view.offset >= 0 && view.offset <= buffer.size)) {
      throw new RondoError('INTERNAL', {
        where: 'wasm backend',
        what: 'a view starts outside its buffer.',
        expected: `an offset of 0 to ${buffer.size}`,
        received: String(view.offset),
      });
    }
    return buffer.address + view.offset * buffer.elementBytes;
  }

  report(): MemoryReport {
    return { persistentBytes: this.#persistentBytes, temporaryBytes: this.#temporaryBytes, peakBytes: this.#peakBytes };
  }

  /** Some systems reserve the most that a memory may grow to at once, and refuse when that is too much. */
  #create(wantedPages: number): WebAssembly.Memory {
    for (let maximum = wantedPages; ; maximum >>= 1) {
      try {
        const memory = new WebAssembly.Memory({ initial: 1, maximum, shared: this.isShared });
        this.maximumPages = maximum;
        return memory;
      } catch (cause) {
        if (cause instanceof RangeError && maximum > leastMaximumPages) continue;
        throw new RondoError('OUT_OF_MEMORY', {
          where: 'wasm backend',
          what: 'the host gives no WebAssembly memory.',
          received: (cause as Error).message,
          fix: 'close other pages or programs.',
          cause,
        });
      }
    }
  }

  #require(buffer: Buffer): WasmBuffer {
    if (!(buffer instanceof WasmBuffer) || buffer.owner !== this) {
      throw new RondoError('INTERNAL', {
        where: 'wasm backend',
        what: 'a buffer belongs to another backend.',
        fix: 'use buffers only with the backend that made them.',
      });
    }
    if (buffer.life.isOver) {
      throw new RondoError('INTERNAL', {
        where: 'wasm backend',
        what: 'a buffer is used after its end.',
        fix: 'keep it until its last use: free it later, or take it in an outer scope.',
      });
    }
    return buffer;
  }

  #notePeak(): void {
    this.#peakBytes = Math.max(this.#peakBytes, this.#persistentBytes + this.#temporaryBytes);
  }

  #addChunk(needed: number): void {
    const total = this.#chunks.reduce((sum, { bytes }) => sum + bytes, 0);
    const wanted = Math.max(needed, leastChunkBytes, total);
    // Doubling keeps the chunks few; near the limit only what is needed is asked for.
    const bytes = this.#tryTake(wanted) ?? { address: this.#take(needed), bytes: needed };
    this.#chunks.push(bytes);
  }

  /** Between steps no temporary is alive: many chunks become one, so that the next step finds one range. */
  #mergeChunks(): void {
    if (this.#chunks.length < 2) return;
    let total = 0;
    for (const { address, bytes } of this.#chunks) {
      this.#free.give(address, bytes);
      total += bytes;
    }
    this.#chunks.length = 0;
    const merged = this.#tryTake(total);
    if (merged !== undefined) this.#chunks.push(merged);
  }

  #take(bytes: number): number {
    const taken = this.#tryTake(bytes);
    if (taken !== undefined) return taken.address;
    throw new RondoError('OUT_OF_MEMORY', {
      where: 'wasm backend',
      what: 'the WebAssembly memory is full.',
      expected: `at most ${formatBytes(this.maximumPages * pageBytes)} in all`,
      received:
        `a request for ${formatBytes(bytes)} besides ${formatBytes(this.#persistentBytes)} of tensors and ` +
        `${formatBytes(this.#temporaryBytes)} of temporaries`,
      fix: 'use a smaller batch, shorter sequences or fewer units.',
    });
  }

  #tryTake(bytes: number): Chunk | undefined {
    const address = this.#free.take(bytes) ?? (this.#grow(bytes) ? this.#free.take(bytes) : undefined);
    return address === undefined ? undefined : { address, bytes };
  }

  /** Makes room for `bytes`; a quarter more than that where the limit allows, so that growing stays rare. */
  #grow(bytes: number): boolean {
    const end = this.memory.buffer.byteLength;
    const missingPages = Math.ceil((bytes - this.#free.bytesBefore(end)) / pageBytes);
    const room = this.maximumPages - end / pageBytes;
    if (missingPages > room) return false;
    const generous = Math.min(room, Math.max(missingPages, Math.ceil(end / pageBytes / 4)));
    for (const pages of generous > missingPages ? [generous, missingPages] : [missingPages]) {
      try {
        this.memory.grow(pages);
      } catch (error) {
        // The system refuses; a smaller step is tried, then the caller reports OUT_OF_MEMORY.
        if (!(error instanceof RangeError)) throw error;
        continue;
      }
      this.#floats = new Float32Array(this.memory.buffer);
      this.#integers = new Int32Array(this.memory.buffer);
      this.#free.give(end, pages * pageBytes);
      return true;
    }
    return false;
  }
}

function formatBytes(bytes: number): string {
  return bytes < 1 << 20 ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / (1 << 20)).toFixed(1)} MiB`;
}
