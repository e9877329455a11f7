import { afterEach, describe, expect, it, vi } from 'vitest';
import { withBlas } from '../../test/support/installed-blas.js';
import { findBlas } from './blas/find.js';
import { useBackend } from './select.js';
import { type BlasOptions, useBlas } from './use-blas.js';
import { createWasmBackend, type WasmBackend } from './wasm/backend.js';

vi.mock('./blas/find.js', async (original) => {
  const { findBlas: real } = await original<typeof import('./blas/find.js')>();
  return { findBlas: vi.fn(real) };
});

const wasm = (): WasmBackend => useBackend('wasm') as WasmBackend;
const faultOf = (options: object): Promise<string> =>
  useBlas(options as BlasOptions).then(
    () => 'nothing was thrown',
    (error: Error) => error.message,
  );

afterEach(() => {
  wasm().acceleration.accelerator = undefined;
  vi.restoreAllMocks();
});

describe('useBlas', () => {
  it('refuses options that it does not know or cannot follow', async () => {
    expect(await faultOf({ libary: 'x' })).toMatch(
      /^\[UNKNOWN_NAME\] useBlas: unknown option `libary`; did you mean `library`/,
    );
    expect(await faultOf({ when: 'sometimes' })).toMatch(/^\[UNKNOWN_NAME\] useBlas: unknown occasion/);
    expect(await faultOf({ threads: 0 })).toMatch(/^\[OUT_OF_RANGE\] useBlas: `threads`/);
  });

  it('refuses backends whose numbers must not change', async () => {
    useBackend('reference');
    expect(await faultOf({})).toMatchInlineSnapshot(`
      "[BACKEND_UNAVAILABLE] useBlas: a BLAS cannot compute for the backend in use.
        expected: the backend wasm, not made deterministic
        received: reference
        fix: call useBackend('wasm') before, or leave the BLAS out."
    `);
    useBackend(createWasmBackend({ deterministic: true }));
    expect(await faultOf({})).toContain('received: wasm, deterministic');
  });

  it('says what is missing', async () => {
    vi.mocked(findBlas).mockResolvedValueOnce({
      koffiFault: 'the npm package koffi is not installed.',
      library: undefined,
      refused: [],
    });
    expect(await faultOf({})).toMatchInlineSnapshot(`
      "[BACKEND_UNAVAILABLE] useBlas: a BLAS cannot be called.
        received: the npm package koffi is not installed.
        fix: run npm install koffi."
    `);
    const refused = [
      { path: 'libopenblas.so.0', reason: 'no such file' },
      { path: 'libblas.so.3', reason: 'it writes beside the result.' },
    ];
    vi.mocked(findBlas).mockResolvedValueOnce({ koffiFault: undefined, library: undefined, refused });
    expect(await faultOf({})).toMatchInlineSnapshot(`
      "[BACKEND_UNAVAILABLE] useBlas: no installed BLAS was found.
        expected: a shared library with cblas_sgemm that multiplies right
        received: libopenblas.so.0: no such file; libblas.so.3: it writes beside the result.
        fix: install OpenBLAS (apt install libopenblas0, brew install openblas), or name a library."
    `);
    vi.mocked(findBlas).mockResolvedValueOnce({
      koffiFault: undefined,
      library: undefined,
      refused: [{ path: '/x.so', reason: 'cannot open /x.so' }],
    });
    expect(await faultOf({ library: '/x.so' })).toContain('received: cannot open /x.so\n');
    expect(wasm().acceleration.accelerator).toBeUndefined();
  });

  it('refuses a number of threads that the library cannot take', async () => {
    const library = { path: '/x.so', version: 'X', multiply: () => undefined, setThreads: undefined };
    vi.mocked(findBlas).mockResolvedValueOnce({ koffiFault: undefined, library, refused: [] });
    expect(await faultOf({ threads: 2 })).toMatch(
      /this BLAS has no function that sets its threads[^]*received: threads 2 for \/x\.so/,
    );
    expect(wasm().acceleration.accelerator).toBeUndefined();
  });

  it('takes the library only where it is faster, when asked to', async () => {
    // A clock that only readings and the slow library move on.
    let nowMs = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => (nowMs += 0.01));
    const slow = (): void => void (nowMs += 30);
    vi.mocked(findBlas).mockResolvedValueOnce({
      koffiFault: undefined,
      library: { path: '/slow.so', version: 'Slow 1', multiply: slow, setThreads: undefined },
      refused: [],
    });
    const report = await useBlas({ when: 'faster' });
    expect(report).toMatchObject({ isUsed: false, library: '/slow.so', version: 'Slow 1' });
    expect(report.measured.length).toBeGreaterThan(2);
    expect(wasm().acceleration.accelerator).toBeUndefined();
  });
});

await withBlas('useBlas with an installed library', () => {
  it('installs it, and takes it away again', async () => {
    const { isUsed, version } = await useBlas();
    expect(isUsed).toBe(true);
    expect(wasm().acceleration.accelerator?.name).toBe(version);
    expect(await useBlas({ when: 'never' })).toEqual({ isUsed: false, library: null, version: null, measured: [] });
    expect(wasm().acceleration.accelerator).toBeUndefined();
  });
});
