import { describe, expect, it } from 'vitest';
import { describeHost, descriptionOf } from './describe-host.js';
import { currentBackend, useBackend } from './select.js';
import { tileFamilies } from './wasm/matmul-tiles.js';

describe('describeHost', () => {
  it('tells about Node, its vectors and the kernels, and leaves the backend in use alone', () => {
    const before = useBackend('reference');
    const { runtime, logicalCores, simd, sharedMemory, crossOriginIsolated, wasm, advice } = describeHost();
    expect(currentBackend()).toBe(before);
    useBackend('wasm');
    expect(runtime).toBe(`Node ${process.versions.node} (V8 ${process.versions.v8})`);
    if (logicalCores !== null) expect(logicalCores).toBeGreaterThan(0);
    expect(simd.simd128).toBe(true);
    expect(sharedMemory.supported).toBe(true);
    expect(crossOriginIsolated).toBeNull();
    expect(wasm.starts.supported).toBe(true);
    expect(wasm.memoryLimitBytes).toBeGreaterThan(2 ** 26);
    expect(wasm.measured.map(({ tiles }) => tiles)).toEqual(
      tileFamilies.filter(({ madd }) => madd === (simd.relaxed ? 'relaxed' : 'plain')).map(({ name }) => name),
    );
    expect(wasm.measured.find(({ tiles }) => tiles === wasm.tiles)).toMatchObject({ isRight: true });
    expect(wasm.threads.reason).not.toBe('');
    expect(wasm.accelerator).toBeNull();
    for (const sentence of advice) expect(sentence).toMatch(/^[A-Z].*\.$/);
    expect(advice.some((sentence) => sentence.includes('relaxed SIMD'))).toBe(!simd.relaxed);
  });

  it('tells a page what isolation would give it', () => {
    const page = { navigator: { userAgent: 'Browser 1', hardwareConcurrency: 8 } };
    const alone = descriptionOf({ ...page, crossOriginIsolated: true, SharedArrayBuffer });
    expect(alone).toMatchObject({
      runtime: 'Browser 1',
      logicalCores: 8,
      crossOriginIsolated: true,
      sharedMemory: { supported: true },
    });
    const among = descriptionOf({ ...page, crossOriginIsolated: false });
    expect(among).toMatchObject({ crossOriginIsolated: false, sharedMemory: { supported: false } });
    expect(among.advice.at(-1)).toContain('Cross-Origin-Opener-Policy: same-origin');
    expect(alone.advice.join(' ')).not.toContain('Cross-Origin');
  });
});
