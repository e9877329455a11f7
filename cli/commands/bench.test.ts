import { afterEach, describe, expect, test, vi } from 'vitest';
import { setThreads } from '../../src/index.js';
import { parseArguments } from '../parse-arguments.js';
import { bench } from './bench.js';

const printed = vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
afterEach(() => printed.mockClear());

const run = (...args: string[]): Promise<void> => bench.run(parseArguments('bench', args, bench.options));
const output = (): string => printed.mock.calls.map(([text]) => String(text)).join('');

describe('rondo bench', () => {
  test('prints one JSON document with an object for each case', async () => {
    await run('--json', '--case', 'minGRU-step', 'gru-step');
    const results = JSON.parse(output()) as Record<string, unknown>[];
    expect(results.map(({ name }) => name)).toEqual(['minGRU-step', 'gru-step']);
    expect(results[1]).toMatchObject({
      cell: 'gru',
      mode: 'infer',
      batch: 1,
      timesteps: 1,
      features: 64,
      units: 128,
      layers: 1,
      threads: 1,
      backend: 'wasm',
    });
    for (const { medianMs, gflops, peakBytes, largestError } of results) {
      expect(peakBytes).toBeGreaterThan(0);
      expect(medianMs).toBeGreaterThan(0);
      expect(gflops).toBeGreaterThan(0);
      expect(largestError).toBeGreaterThan(0);
    }
  });

  test('prints a row for each case below its headings', async () => {
    await run('--case=lstm-step');
    const lines = output().trimEnd().split('\n');
    expect(lines.at(-2)).toMatch(/^case +batch +steps .* GFLOP\/s/);
    expect(lines.at(-1)).toMatch(/^lstm-step +1 +1 +64 +128 +1 +[\d.]+ ms /);
  });

  test('computes on as many threads as it is told to, and refuses an impossible number before anything runs', async () => {
    await expect(run('--threads', '1000')).rejects.toThrow(/^\[OUT_OF_RANGE\] setThreads: [^]*received: 1000/);
    expect(output()).toBe('');
    await run('--threads', '2', '--json', '--case', 'minGRU-step');
    expect(JSON.parse(output())[0]).toMatchObject({ threads: 2 });
    setThreads(1);
  });

  test('refuses an unknown case with the nearest name', async () => {
    await expect(run('--case', 'lstm-trian')).rejects.toThrow(/did you mean `lstm-train`/);
    expect(output()).toBe('');
  });
});
