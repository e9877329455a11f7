import { afterEach, expect, it } from 'vitest';
import { type HostWorker, startWorker } from './host.js';
import { LibraryLoading, loadThenUse } from './library-loading.js';
import { controlWords } from './thread.js';

/** Words behind those of a pool. */
const [begun, ended] = [controlWords, controlWords + 1];
const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
const words = new Int32Array(memory.buffer);
const workers: HostWorker[] = [];

afterEach(() => {
  for (const worker of workers.splice(0)) worker.terminate();
  words.fill(0);
});

/** Starts a worker that takes a while to load what it runs machine code with, and waits until it does that. */
function startLoading(): HostWorker {
  const source = `(require, memory) => {
    const words = new Int32Array(memory.buffer);
    Atomics.store(words, ${begun}, 1);
    Atomics.notify(words, ${begun});
    Atomics.wait(words, ${ended}, 0, 300);
    Atomics.store(words, ${ended}, 1);
  }`;
  const worker = startWorker(memory, 0, () => undefined, { source, data: undefined });
  workers.push(worker);
  Atomics.wait(words, begun, 0);
  return worker;
}

it('ends a worker that is loading a library when it has loaded it', () => {
  startLoading().terminate();
  expect(words[ended]).toBe(1);
});

it('keeps the process until workers have loaded what they are loading', () => {
  startLoading();
  for (const listener of process.listeners('exit')) if (listener.name === 'settleWorkers') listener(0);
  expect(words[ended]).toBe(1);
});

it('lets a worker that has been ended load nothing', () => {
  const loading = new LibraryLoading();
  const calls: string[] = [];
  const serve = (): void =>
    loadThenUse(
      loading.state,
      () => void calls.push('load'),
      () => void calls.push('use'),
    );
  loading.settle();
  serve();
  expect(calls).toEqual([]);
});

it('does not wait for a library that failed to load', () => {
  const loading = new LibraryLoading();
  const fail = (): never => {
    throw new Error('no library');
  };
  expect(() => loadThenUse(loading.state, fail, () => undefined)).toThrow('no library');
  expect(loading.state[0]).toBe(2);
  loading.settle();
});
