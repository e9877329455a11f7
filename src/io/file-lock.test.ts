import { spawn, spawnSync } from 'node:child_process';
import { copyFile, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { crc32c } from '../checksum.js';
import { FileLock, type LockOwner, type TakenLock } from './file-lock.js';
import { thisProcess } from './process-identity.js';

vi.mock('node:fs/promises', async (original) => {
  const whole = await original<typeof import('node:fs/promises')>();
  return { ...whole, writeFile: vi.fn(whole.writeFile) };
});
const real = await vi.importActual<typeof import('node:fs/promises')>('node:fs/promises');

let folder = '';
let path = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rondo-lock-'));
  path = join(folder, 'm.lock');
});
afterEach(() => rm(folder, { recursive: true }));

const leave = (owner: Partial<LockOwner>): Promise<void> =>
  writeFile(path, JSON.stringify({ id: 'x', ...thisProcess(), about: 'a training', since: 'then', ...owner }));

describe('a file lock', () => {
  it('is held by one process until it is given back', async () => {
    const { lock, predecessor } = await FileLock.take(path, 'the first');
    expect(predecessor).toBeUndefined();
    await expect(FileLock.take(path, 'the second')).rejects.toThrow(
      new RegExp(
        `^\\[FILE_ACCESS\\] .*m.lock: another process is at work on it.[^]*the first, process ${process.pid} on ` +
          `[^]*kill ${process.pid}`,
      ),
    );
    expect(await FileLock.holder(path)).toMatchObject({ pid: process.pid, about: 'the first' });
    await expect(FileLock.requireFree(path)).rejects.toThrow('the first');
    await lock.release();
    await FileLock.requireFree(path);
    expect(await readdir(folder)).toEqual([]);
    expect(await FileLock.holder(path)).toBeUndefined();
    await (await FileLock.take(path, 'the second')).lock.release();
  });

  it('of a process that is gone is taken over by exactly one of many', async () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    await leave({ pid, start: null, about: 'the killed one' });
    expect(await FileLock.holder(path)).toBeUndefined();
    const tried = await Promise.allSettled(Array.from({ length: 7 }, (_, i) => FileLock.take(path, `taker ${i}`)));
    const taken = tried.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(taken).toHaveLength(1);
    expect(await readdir(folder)).toEqual(['m.lock']);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(taken[0].lock.owner);
    await taken[0].lock.release();
    await leave({ pid, start: null, about: 'the killed one' });
    const { lock, predecessor } = await FileLock.take(path, 'next');
    expect(predecessor).toMatchObject({ pid, about: 'the killed one' });
    await lock.release();
  });

  it('of a process that is gone never has two owners, whoever comes between', async () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    for (let round = 0; round < 8; round++) {
      await leave({ pid, start: null, about: 'the killed one' });
      // Those that come later meet the lock while it changes hands.
      const late = async (i: number): Promise<TakenLock> => {
        for (let turn = 0; turn < i % 13; turn++) await stat(folder);
        return FileLock.take(path, `taker ${i}`);
      };
      const tried = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => late(i)));
      const taken = tried.flatMap((one) => (one.status === 'fulfilled' ? [one.value.lock] : []));
      const refused = tried.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []));
      expect(taken).toHaveLength(1);
      expect(
        refused.filter((text) => !text.startsWith(`RondoError: [FILE_ACCESS] ${path}: another process is`)),
      ).toEqual([]);
      expect(await readdir(folder)).toEqual(['m.lock']);
      expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(taken[0].owner);
      await taken[0].release();
    }
  });

  it('of a killed process goes to one of several processes that start at once, and the others say who has it', async () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    const taker = join(folder, 'taker.mjs');
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(new URL('./file-lock.ts', import.meta.url))],
      bundle: true,
      platform: 'node',
      format: 'esm',
      write: false,
    });
    const work = [
      // All begin in the same millisecond, as far as the machine lets them.
      'const [path, at] = process.argv.slice(2);',
      'while (Date.now() < Number(at)) {}',
      'try {',
      '  await FileLock.take(path, `process ${process.pid}`);',
      "  console.log('taken');",
      '  // Held until it is ended, as by a training.',
      '  setInterval(() => undefined, 1000);',
      '} catch (error) {',
      '  console.log(String(error));',
      '}',
    ];
    await real.writeFile(taker, `${outputFiles[0].text}\n${work.join('\n')}\n`);
    for (let round = 0; round < 4; round++) {
      await leave({ pid, start: null, about: 'the killed one' });
      const at = String(Date.now() + 700);
      const started = Array.from({ length: 3 }, () => spawn(process.execPath, [taker, path, at]));
      const ends = started.map((child) => new Promise((resolve) => child.once('exit', resolve)));
      const said = await Promise.all(
        started.map(
          (child) =>
            new Promise<string>((resolve) => {
              child.stdout.once('data', (text) => resolve(String(text).split('\n')[0]));
              child.stderr.once('data', (text) => resolve(`stderr: ${text}`));
            }),
        ),
      );
      try {
        expect(said.filter((text) => text === 'taken')).toEqual(['taken']);
        const refused = said.filter((text) => text !== 'taken');
        for (const text of refused)
          expect(text).toMatch(/^RondoError: \[FILE_ACCESS\] .*m\.lock: another process is (at work on|taking) it\.$/);
        const owner = JSON.parse(await readFile(path, 'utf8')) as LockOwner;
        expect(owner.pid).toBe(started[said.indexOf('taken')].pid);
      } finally {
        for (const child of started) child.kill('SIGKILL');
        await Promise.all(ends);
      }
    }
    expect((await readdir(folder)).sort()).toEqual(['m.lock', 'taker.mjs']);
  });

  it('that nobody can read is not taken from who has just begun to write another in its place', async () => {
    await real.writeFile(path, '');
    await utimes(path, new Date(0), new Date(0));
    vi.mocked(writeFile).mockImplementation(async (...given) => {
      // Another process was faster, between the look at the lock and the lock on removing it.
      if (String(given[0]).startsWith(`${path}.`)) await utimes(path, new Date(), new Date());
      return real.writeFile(...given);
    });
    await expect(FileLock.take(path, 'next')).rejects.toThrow(`${path}: another process is taking it.`);
    expect(await readdir(folder)).toEqual(['m.lock']);
    vi.mocked(writeFile).mockImplementation(real.writeFile);
  });

  it('is free again after one that was killed while it took over that of another', async () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    await leave({ pid, start: null, about: 'the killed one' });
    const left = await readFile(path);
    await copyFile(path, `${path}.${crc32c(left)}`);
    const { lock, predecessor } = await FileLock.take(path, 'next');
    expect(predecessor).toMatchObject({ about: 'the killed one' });
    expect(await readdir(folder)).toEqual(['m.lock']);
    await writeFile(`${path}.${crc32c(left)}`, JSON.stringify({ ...lock.owner, about: 'one that takes it over' }));
    await lock.release();
    await writeFile(path, left);
    await expect(FileLock.take(path, 'later')).rejects.toThrow(`${path}: another process is at work on it.`);
  });

  it.skipIf(thisProcess().start === null)('knows a process that has got the number of one that is gone', async () => {
    await leave({ start: '1' });
    const { lock, predecessor } = await FileLock.take(path, 'next');
    expect(predecessor?.start).toBe('1');
    await lock.release();
  });

  it('of another machine is never taken over, and says what to remove', async () => {
    await leave({ host: 'elsewhere', pid: 1 });
    await expect(FileLock.take(path, 'next')).rejects.toThrow(`if it has ended, remove ${path}`);
  });

  it('that cannot be read may be just being written, or is old', async () => {
    await writeFile(path, '{"id":');
    await expect(FileLock.take(path, 'next')).rejects.toThrow('a lock that cannot be read');
    await utimes(path, 1e9, 1e9);
    const { lock, predecessor } = await FileLock.take(path, 'next');
    expect(predecessor).toBeNull();
    await lock.release();
  });

  it('is noticed to be lost, and made again where somebody removed its file', async () => {
    const { lock } = await FileLock.take(path, 'mine');
    await lock.confirm();
    await rm(path);
    await lock.confirm();
    expect(JSON.parse(await readFile(path, 'utf8')).id).toBe(lock.owner.id);
    await leave({ about: 'an intruder' });
    await expect(lock.confirm()).rejects.toThrow('an intruder');
    await lock.release();
    expect(JSON.parse(await readFile(path, 'utf8')).about).toBe('an intruder');
  });
});
