import type { FileHandle } from 'node:fs/promises';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readBytes, writeFileAtomically } from './files.js';

/** What was done to files, in order. */
const done: string[] = [];

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const name = (path: unknown): string =>
    basename(String(path)).endsWith('.tmp')
      ? 'temporary'
      : basename(String(path)).startsWith('rondo-flushed-')
        ? 'folder'
        : 'file';
  return {
    ...real,
    open: async (path: string, flags: string): Promise<FileHandle> => {
      const handle = await real.open(path, flags);
      for (const method of ['writeFile', 'sync', 'close'] as const) {
        const act = handle[method].bind(handle) as (...given: unknown[]) => Promise<void>;
        handle[method] = (async (...given: unknown[]) => {
          await act(...given);
          done.push(`${method} ${name(path)}`);
        }) as never;
      }
      // The system may give less than was asked for, as it does above 2 GiB.
      const read = handle.read.bind(handle) as (
        buffer: Uint8Array,
        offset: number,
        length: number,
        position: number,
      ) => Promise<unknown>;
      handle.read = ((buffer: Uint8Array, offset: number, length: number, position: number) =>
        read(buffer, offset, Math.min(5, length), position)) as never;
      return handle;
    },
    rename: async (from: string, to: string): Promise<void> => {
      await real.rename(from, to);
      done.push(`rename ${name(from)} ${name(to)}`);
    },
  };
});

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rondo-flushed-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('readBytes', () => {
  it('reads on where the system gives a part', async () => {
    const bytes = Uint8Array.from({ length: 23 }, (_, i) => i + 1);
    await writeFile(join(folder, 'parts'), bytes);
    expect(await readBytes(join(folder, 'parts'))).toEqual(bytes);
  });
});

describe('writeFileAtomically', () => {
  // Otherwise a power failure leaves an empty file under the right name, or the old one.
  it.each(['a new file', 'an old file'])(
    'flushes %s to the disk before it is renamed, and the folder after',
    async () => {
      done.length = 0;
      await writeFileAtomically(join(folder, 'model.safetensors'), 'numbers');
      const at = (step: string): number => done.indexOf(step);
      expect(done).toContain('sync folder');
      expect(at('writeFile temporary')).toBeGreaterThanOrEqual(0);
      expect(at('sync temporary')).toBeGreaterThan(at('writeFile temporary'));
      expect(at('rename temporary file')).toBeGreaterThan(at('sync temporary'));
      expect(at('sync folder')).toBeGreaterThan(at('rename temporary file'));
      expect(at('close temporary')).toBeGreaterThan(at('sync temporary'));
      expect(at('close folder')).toBeGreaterThan(at('sync folder'));
    },
  );
});
