import { afterEach, describe, expect, test, vi } from 'vitest';
import { adviceFor } from '../doctor/advice.js';
import type { Examination } from '../doctor/examination.js';
import { examine } from '../doctor/examine.js';
import { examinationText } from '../doctor/show.js';
import { parseArguments } from '../parse-arguments.js';
import { doctor } from './doctor.js';

const printed = vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
afterEach(() => printed.mockClear());

const run = (...args: string[]): Promise<void> => doctor.run(parseArguments('doctor', args, doctor.options));
const output = (): string => printed.mock.calls.map(([text]) => String(text)).join('');

describe('rondo doctor', () => {
  test('prints one JSON document with what was found', async () => {
    await run('--json');
    const found = JSON.parse(output()) as Examination;
    expect(Object.keys(found)).toEqual(['machine', 'wideKernels', 'host', 'machineCode', 'blas', 'advice']);
    expect(found.machine.logicalCores).toBeGreaterThan(0);
    expect(found.machine.heapLimitBytes).toBeGreaterThan(2 ** 27);
    expect(found.wideKernels.flags.every((flag) => flag.startsWith('--'))).toBe(true);
    expect(found.wideKernels.isEffective).toBe(found.host.simd.isWidened);
    expect(found.host.wasm.starts.supported).toBe(true);
    expect(found.blas.found.supported).toBe(found.blas.library !== null);
    expect(found.blas.measured.length > 0).toBe(found.blas.found.supported);
    expect(found.advice.length).toBeGreaterThan(0);
  });

  test('prints a line for each fact, then advice', async () => {
    await run();
    const lines = output().trimEnd().split('\n');
    const labels = lines
      .slice(0, lines.indexOf(''))
      .map((line) => line.slice(0, 14).trim())
      .filter((label) => label !== '');
    expect(labels).toEqual([
      'processor',
      'memory',
      'limits',
      'runtime',
      'machine code',
      'vectors',
      'V8 flags',
      'shared memory',
      'threads',
      'kernels',
      'self-test',
      'koffi',
      'BLAS',
    ]);
    for (const line of lines.slice(lines.indexOf('') + 1)) expect(line).toMatch(/^- [A-Z].*\.$/);
  });

  test('takes --native off, as other commands do', async () => {
    await run('--native', 'off');
    expect(() => parseArguments('doctor', ['--native', 'of'], doctor.options)).toThrow(/on, off/);
  });

  test('takes no files', async () => {
    await expect(run('model.safetensors')).rejects.toThrow(/^\[USAGE\] rondo doctor/);
  });

  test('says what is missing, and shows kernels that are wrong', async () => {
    const found = await examine();
    const without: Examination = {
      ...found,
      blas: {
        ...found.blas,
        koffi: { supported: false, reason: 'gone.' },
        found: { supported: false, reason: 'gone.' },
        library: null,
        measured: [],
        advantage: null,
      },
    };
    expect(adviceFor(without).join(' ')).toContain('npm install koffi');
    expect(examinationText(without)).toContain('koffi         no: gone.');
    const withBlas = (advantage: number | null): string =>
      adviceFor({
        ...found,
        blas: {
          ...found.blas,
          koffi: { supported: true, reason: '' },
          advantage,
          isWorthwhile: (advantage ?? 0) > 1.4,
        },
      }).join(' ');
    expect(withBlas(null)).toContain('apt install');
    expect(withBlas(1.5)).toContain('1.5 times as fast');
    expect(withBlas(0.8)).toContain('hardly gain');
    const onNode = (isUsed: boolean, ...flags: string[]): string =>
      adviceFor({
        ...found,
        machineCode: { ...found.machineCode, isUsed },
        wideKernels: { ...found.wideKernels, flags, isEffective: flags.length > 0 },
      }).join(' ');
    expect(onNode(false)).toContain('Node 24 or later');
    expect(onNode(false, '--experimental-wasm-revectorize')).toContain('allowWideKernels()');
    // Machine code is as wide on every Node.
    expect(onNode(true)).not.toContain('Node 24');
    expect(onNode(true, '--experimental-wasm-revectorize')).not.toContain('allowWideKernels()');
    expect(adviceFor({ ...found, machine: { ...found.machine, load: 99, logicalCores: 2 } }).join(' ')).toContain(
      'load 99 on 2 cores',
    );
    const wrong = { ...found.host.wasm, measured: [{ tiles: 'wide-4x16', gigaflops: 0, isRight: false }] };
    expect(examinationText({ ...found, host: { ...found.host, wasm: wrong } })).toContain('wide-4x16 wrong numbers');
  });
});
