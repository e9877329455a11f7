import { cpus, freemem, loadavg, totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import { describeHost } from '../../src/index.js';
import { allowWideKernels, type BlasDescription, describeBlas, describeMachineCode } from '../../src/node.js';
import { adviceFor } from './advice.js';
import type { Examination } from './examination.js';

/** Examines this machine and what Rondo makes of it; about half a second. */
export async function examine(): Promise<Examination> {
  const flags = allowWideKernels();
  const { advice, ...host } = describeHost();
  const blas = host.wasm.starts.supported ? await describeBlas() : withoutBlas;
  const all = cpus();
  const facts = {
    machine: {
      processor: all[0]?.model.trim() ?? 'unknown processor',
      logicalCores: all.length,
      platform: `${process.platform} ${process.arch}`,
      load: Math.round(loadavg()[0] * 100) / 100,
      memoryBytes: totalmem(),
      freeMemoryBytes: freemem(),
      heapLimitBytes: getHeapStatistics().heap_size_limit,
    },
    wideKernels: { flags, isEffective: host.simd.isWidened, reason: reasonFor(flags, host) },
    host,
    machineCode: describeMachineCode(),
    blas,
  };
  return { ...facts, advice: [...advice, ...adviceFor(facts)] };
}

const unseen = { supported: false, reason: 'nothing was looked for, because the WebAssembly backend does not start.' };
const withoutBlas: BlasDescription = {
  koffi: unseen,
  found: unseen,
  library: null,
  version: null,
  measured: [],
  advantage: null,
  isWorthwhile: false,
};

function reasonFor(flags: readonly string[], { simd }: Examination['host']): string {
  if (simd.isWidened) return 'pairs of 128-bit vectors run as one of 256 bits.';
  if (!flags.includes('--experimental-wasm-revectorize'))
    return 'this Node cannot widen vectors; Node 24 and later can.';
  return 'the flag is set, but the wide kernels were not faster: the processor has no 256-bit vectors, or was busy.';
}
