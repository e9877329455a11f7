import { fileSize } from '../text-table.js';
import type { Examination } from './examination.js';

const labelWidth = 14;

/** An examination as lines for a person. */
export function examinationText({ machine, wideKernels, host, machineCode, blas, advice }: Examination): string {
  const { simd, wasm } = host;
  const chosen = wasm.measured.map(
    ({ tiles, gigaflops, isRight }) => `${tiles} ${isRight ? gigaflops.toFixed(0) : 'wrong numbers'}`,
  );
  return [
    row(
      'processor',
      `${machine.processor}, ${machine.logicalCores} logical cores, ${machine.platform}, load ${machine.load}`,
    ),
    row('memory', `${fileSize(machine.memoryBytes)}, of which ${fileSize(machine.freeMemoryBytes)} free`),
    row(
      'limits',
      `tensors ${wasm.memoryLimitBytes === null ? '-' : fileSize(wasm.memoryLimitBytes)}, data sets and other ` +
        `JavaScript values ${fileSize(machine.heapLimitBytes)}`,
    ),
    row('runtime', host.runtime),
    row(
      'machine code',
      machineCode.isUsed ? `yes: ${machineCode.instructions}; ${machineCode.reason}` : `no: ${machineCode.reason}`,
    ),
    row(
      'vectors',
      `128 bits ${yesNo(simd.simd128)}, relaxed multiply-add ${yesNo(simd.relaxed)}, widened to 256 bits ` +
        yesNo(simd.isWidened),
    ),
    row(
      'V8 flags',
      `${wideKernels.flags.length === 0 ? 'none' : `${wideKernels.flags.join(' ')} (set by rondo)`}; ` +
        wideKernels.reason,
    ),
    row('shared memory', answer(host.sharedMemory)),
    ...(host.crossOriginIsolated === null ? [] : [row('isolated page', yesNo(host.crossOriginIsolated))]),
    row('threads', answer(wasm.threads)),
    row(
      'kernels',
      wasm.tiles === null
        ? answer(wasm.starts)
        : `${wasm.tiles} tiles, the best in GFLOP/s of ${chosen.join(', ')} (${wasm.probeMs?.toFixed(0)} ms)`,
    ),
    row('self-test', answer(wasm.starts)),
    row('koffi', answer(blas.koffi)),
    row('BLAS', blas.library === null ? answer(blas.found) : `${blas.version} (${blas.library}); ${blas.found.reason}`),
    ...blas.measured.map(({ use, m, n, k, wasmGigaflops, blasGigaflops }) =>
      row(
        '',
        `${use.padEnd(16)} ${`${m} x ${k} x ${n}`.padEnd(16)} kernels ${wasmGigaflops.toFixed(0).padStart(4)}, ` +
          `BLAS ${blasGigaflops.toFixed(0).padStart(4)} GFLOP/s`,
      ),
    ),
    '',
    ...advice.map((sentence) => `- ${sentence}`),
  ].join('\n');
}

function row(label: string, text: string): string {
  return `${label.padEnd(labelWidth)}${text}`;
}

function yesNo(is: boolean): string {
  return is ? 'yes' : 'no';
}

function answer({ supported, reason }: { readonly supported: boolean; readonly reason: string }): string {
  return `${yesNo(supported)}: ${reason}`;
}
