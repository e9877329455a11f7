import type { Recording } from '../contract.js';
import { machineCodeMark } from './call-writer.js';
import type { Chunk, WasmBuffer, WasmMemory } from './memory.js';
import type { ThreadPool } from './threads/pool.js';

/** Items that run at the same time, as words of call-writer.ts. */
interface RecordedRun {
  readonly items: Int32Array[];
  /** Whether the items wait for each other at barriers. */
  readonly usesBarriers: boolean;
  /** What one thread does instead where others are not in time for barriers. */
  alone?: Int32Array | undefined;
}

/** Notes kernel calls while they are made. */
export class CallRecorder {
  readonly runs: RecordedRun[] = [];
  /** While what one thread would do is noted for the last run, nothing is carried out. */
  isNotingAlone = false;

  /** Notes a run; one item after another one becomes an item with the loops of both. */
  note(items: readonly Int32Array[], usesBarriers: boolean): void {
    const last = this.runs.at(-1);
    if (this.isNotingAlone) {
      last!.alone = (last!.alone === undefined ? items : [last!.alone, ...items]).reduce(joined);
      return;
    }
    if (items.length === 1 && last?.items.length === 1) last.items[0] = joined(last.items[0], items[0]);
    else this.runs.push({ items: [...items], usesBarriers: usesBarriers && items.length > 1 });
  }
}

/** An item with the loops of two. */
function joined(first: Int32Array, second: Int32Array): Int32Array {
  const words = new Int32Array(first.length + second.length - 1);
  words.set(first);
  words.set(second.subarray(1), first.length);
  // Machine code where both are.
  words[0] =
    (first[0] & second[0] & machineCodeMark) | ((first[0] & ~machineCodeMark) + (second[0] & ~machineCodeMark));
  return words;
}

/** A run whose words lie in memory. */
interface PlacedRun {
  readonly items: readonly number[];
  readonly usesBarriers: boolean;
  readonly alone: number | undefined;
}

/** Recorded kernel calls, with the temporaries that they work on. */
export class WasmRecording implements Recording {
  readonly #memory: WasmMemory;
  readonly #pool: ThreadPool;
  readonly #kept: readonly Chunk[];
  readonly #words: WasmBuffer;
  readonly #runs: readonly PlacedRun[];
  /** Whether threads share some of it. */
  readonly #isShared: boolean;
  /** The words as recorded, where running them changes some: the arguments that move from step to step. */
  readonly #pristine: Int32Array | undefined;
  /** How many threads the runs were cut for. */
  readonly #numServing: number;

  constructor(memory: WasmMemory, pool: ThreadPool, runs: readonly RecordedRun[], kept: readonly Chunk[]) {
    this.#memory = memory;
    this.#pool = pool;
    this.#numServing = pool.numServing;
    this.#kept = kept;
    const all = runs.flatMap(({ items, alone }) => (alone === undefined ? items : [...items, alone]));
    this.#words = memory.allocate(all.reduce((sum, { length }) => sum + length, 0));
    const addresses = new Map<Int32Array, number>();
    let address = this.#words.address;
    for (const words of all) {
      memory.integers.set(words, address / 4);
      addresses.set(words, address);
      address += 4 * words.length;
    }
    this.#runs = runs.map(({ items, usesBarriers, alone }) => ({
      items: items.map((words) => addresses.get(words)!),
      usesBarriers,
      alone: alone && addresses.get(alone),
    }));
    this.#isShared = runs.some(({ items }) => items.length > 1);
    if (all.some(hasStepStride)) this.#pristine = memory.integers.slice(this.#words.address / 4, address / 4);
  }

  get isCurrent(): boolean {
    return this.#pool.numServing === this.#numServing;
  }

  run(): void {
    if (this.#pristine !== undefined) this.#memory.integers.set(this.#pristine, this.#words.address / 4);
    const pool = this.#pool;
    // A recording is short: where workers fall asleep between two runs of it, waking them costs more than they save.
    const threads = this.#isShared ? pool.numForBarriers : 1;
    for (const { items, usesBarriers, alone } of this.#runs) {
      if (alone !== undefined && threads < items.length) pool.runAlone(alone);
      else if (usesBarriers) pool.runWithBarriers(items, 0);
      else if (items.length > 1 && threads > 1) pool.runTogether(items);
      else for (const item of items) pool.runAlone(item);
    }
  }

  free(): void {
    this.#memory.free(this.#words);
    this.#memory.giveBack(this.#kept);
  }
}

/** Whether an item has a call with arguments that move. */
export function hasStepStride(words: Int32Array): boolean {
  for (let place = 1, loop = words[0] & ~machineCodeMark; loop > 0; loop--) {
    const end = place + 2 + words[place + 1];
    for (let call = place + 2; call < end; call += 3 + words[call + 1] + 2 * words[call + 2])
      if (words[call + 2] > 0) return true;
    place = end;
  }
  return false;
}
