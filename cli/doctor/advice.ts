import type { Examination } from './examination.js';

/** What would make this machine faster, in plain sentences, the most useful first. */
export function adviceFor({ machine, wideKernels, machineCode, blas }: Omit<Examination, 'advice'>): string[] {
  const advice: string[] = [];
  if (!machineCode.isUsed && !blas.koffi.supported && process.arch === 'x64') {
    advice.push(
      'With the npm package koffi, kernels are machine code of this processor, which is faster than WebAssembly: ' +
        'run npm install koffi and look again.',
    );
  }
  // Machine code has the processor's full width on every Node.
  const needsWideKernels = !machineCode.isUsed;
  if (needsWideKernels && !wideKernels.flags.includes('--experimental-wasm-revectorize')) {
    advice.push(
      "Node 24 or later can compute with 256-bit vectors (V8's --experimental-wasm-revectorize, which rondo " +
        'sets by itself): up to twice as fast where the processor has them.',
    );
  } else if (needsWideKernels && wideKernels.isEffective) {
    advice.push(
      'A program of your own gets the wide kernels by calling allowWideKernels() of rondo/node before anything ' +
        "is computed, or with Node's --experimental-wasm-revectorize.",
    );
  }
  if (!blas.koffi.supported) {
    advice.push(
      'To let an installed BLAS such as OpenBLAS compute large products, run npm install koffi and look again.',
    );
  } else if (blas.advantage === null) {
    advice.push(
      'An installed OpenBLAS could compute large products (apt install libopenblas0, brew install openblas); ' +
        'RONDO_BLAS names one in another place.',
    );
  } else if (blas.isWorthwhile) {
    advice.push(
      `The BLAS computes large products ${blas.advantage.toFixed(1)} times as fast as the kernels here: use ` +
        '--blas, or useBlas() of rondo/node. Results differ by float32 rounding.',
    );
  } else {
    advice.push(
      `A training would hardly gain from the BLAS: its large products take ${(1 / blas.advantage).toFixed(2)} ` +
        "of the kernels' time, and the steps of a recurrence gain less.",
    );
  }
  if (machine.load > machine.logicalCores) {
    advice.push(
      `The machine is busy (load ${machine.load} on ${machine.logicalCores} cores): what was measured is less ` +
        'than it can do.',
    );
  }
  return advice;
}
