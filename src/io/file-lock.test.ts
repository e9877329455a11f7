import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileLock, type LockOwner } from './file-lock.js';
import { thisProcess } from './process-identity.js';

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
        `^\\[FILE_ACCESS\\] .*m.lock: another process is at work on it.[^]*the first, process ${process.pid} on [^]*kill ${process.pid}`,
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
