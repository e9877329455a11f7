import type { MachineCodeBinding } from '../../machine-code.js';
import { LibraryLoading, loadThenUse, settleBeforeExit } from './library-loading.js';
import { makeThread } from './thread.js';

/** A worker of the host that serves a pool. */
export interface HostWorker {
  terminate(): void;
}

/** What a host tells of the threads it could give. */
export interface HostThreads {
  /** How many the processor runs at the same time. */
  readonly cores: number;
  readonly canShare: boolean;
  /** Why memory can or cannot be shared, in a sentence. */
  readonly reason: string;
}

interface NodeThreads {
  Worker: new (
    source: string,
    options: object,
  ) => { unref(): void; on(event: 'error', listener: (error: Error) => void): void; terminate(): unknown };
}
interface NodeSystem {
  availableParallelism(): number;
}
/** Node without an import, so that bundles for browsers need none. */
interface NodeProcess {
  on?(event: 'exit', listener: () => void): void;
  getBuiltinModule?(name: 'node:worker_threads'): NodeThreads;
  getBuiltinModule?(name: 'node:os'): NodeSystem;
  versions?: { node?: string | undefined } | undefined;
}
interface Host {
  process?: NodeProcess | undefined;
  crossOriginIsolated?: boolean | undefined;
  navigator?: { hardwareConcurrency?: number | undefined } | undefined;
  SharedArrayBuffer?: unknown | undefined;
  Worker?:
    | (new (
        url: string,
      ) => {
        postMessage(message: unknown): void;
        terminate(): void;
        onerror: ((event: { message?: string | undefined }) => void) | null;
      })
    | undefined;
}

const host = globalThis as unknown as Host;

function nodeProcess(): NodeProcess | undefined {
  return host.process?.versions?.node !== undefined && host.process.getBuiltinModule !== undefined
    ? host.process
    : undefined;
}

export function hostThreads(): HostThreads {
  const node = nodeProcess();
  const cores = node?.getBuiltinModule?.('node:os').availableParallelism() ?? host.navigator?.hardwareConcurrency ?? 1;
  if (host.SharedArrayBuffer === undefined || host.crossOriginIsolated === false) {
    return {
      cores,
      canShare: false,
      reason: 'the page is not cross-origin isolated, so its workers cannot share memory.',
    };
  }
  if (node === undefined && host.Worker === undefined)
    return { cores, canShare: false, reason: 'the host has no workers.' };
  return { cores, canShare: true, reason: `the host has ${cores} cores and shares memory between workers.` };
}

/**
 * Starts a worker that serves the pool at `base` of a shared memory; `onError` hears why it could not.
 *
 * @param machineCode what the worker makes its side of machine code of; in Node alone
 */
export function startWorker(
  memory: WebAssembly.Memory,
  base: number,
  onError: (reason: string) => void,
  machineCode?: MachineCodeBinding['worker'],
): HostWorker {
  const serve = `(${makeThread.toString()})`;
  const node = nodeProcess();
  if (node !== undefined) {
    const { Worker } = node.getBuiltinModule!('node:worker_threads');
    const machine = machineCode === undefined ? 'undefined' : `(${machineCode.source})(require, memory, data)`;
    const loading = new LibraryLoading();
    const source =
      `const { memory, base, data, state } = require('node:worker_threads').workerData; ` +
      `(${loadThenUse.toString()})(state, () => ${machine}, ` +
      `(machine) => ${serve}(memory, base, false, machine).serve());`;
    const workerData = { memory, base, data: machineCode?.data, state: loading.state };
    const worker = new Worker(source, { eval: true, execArgv: [], workerData, name: 'rondo' });
    worker.on('error', (error) => onError(error.message));
    worker.unref();
    const forget = settleBeforeExit(node, loading);
    return {
      terminate() {
        loading.settle();
        forget();
        void worker.terminate();
      },
    };
  }
  const url = URL.createObjectURL(
    new Blob([`onmessage = ({ data }) => ${serve}(data.memory, data.base, false).serve();`], {
      type: 'text/javascript',
    }),
  );
  const worker = new host.Worker!(url);
  worker.onerror = ({ message }) => onError(message ?? 'the worker could not start');
  worker.postMessage({ memory, base });
  return { terminate: () => worker.terminate() };
}
