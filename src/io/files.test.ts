import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RondoError } from '../errors.js';
import { loadTask } from '../node.js';
import { readText } from './data-files.js';
import { fileAccessError, readBytes, writeFileAtomically } from './files.js';
import { loadModel } from './model-files.js';
import { temporaryNameFor } from './temporary-files.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rondo-files-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function fault(work: Promise<unknown>): Promise<RondoError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof RondoError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('writeFileAtomically', () => {
  test('writes new files and replaces old ones, leaving no temporary file', async () => {
    const path = join(folder, 'model.safetensors');
    await writeFileAtomically(path, 'first');
    await writeFileAtomically(path, Uint8Array.of(1, 2, 3));
    expect([...(await readFile(path))]).toEqual([1, 2, 3]);
    expect(await readdir(folder)).toEqual(['model.safetensors']);
  });

  test('keeps the old file and removes the temporary one when writing fails', async () => {
    const path = join(folder, 'a.txt');
    await writeFile(path, 'old');
    const broken = {
      get length(): number {
        throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
      },
    };
    const error = await fault(writeFileAtomically(path, Object.setPrototypeOf(broken, Uint8Array.prototype)));
    expect(error.code).toBe('FILE_ACCESS');
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['a.txt']);
  });

  test('removes what a killed process has left of the same file, and nothing of living ones or of other machines', async () => {
    const { pid: gone } = spawnSync(process.execPath, ['--version']);
    const path = join(folder, 'm.safetensors');
    const own = basename(temporaryNameFor(path));
    const [tag] = own.slice('.m.safetensors.'.length).split('-');
    const uuid = crypto.randomUUID();
    const kept = [
      own,
      `.m.safetensors.00000000-${gone}-.${uuid}.tmp`,
      `.other.safetensors.${tag}-${gone}-.${uuid}.tmp`,
      `.m.safetensors.${uuid}.tmp`,
    ];
    const left = [`.m.safetensors.${tag}-${gone}-17.${uuid}.tmp`, `.m.safetensors.${tag}-${gone}-.${uuid}.tmp`];
    for (const name of [...kept, ...left]) await writeFile(join(folder, name), 'part');
    await writeFileAtomically(path, 'whole');
    expect((await readdir(folder)).sort()).toEqual([...kept, 'm.safetensors'].sort());
  });

  test('keeps permissions, and a symbolic link stays one', async () => {
    await writeFile(join(folder, 'real'), 'old');
    await chmod(join(folder, 'real'), 0o640);
    await symlink('real', join(folder, 'link'));
    await writeFileAtomically(join(folder, 'link'), 'new');
    expect(await readFile(join(folder, 'real'), 'utf8')).toBe('new');
    expect((await stat(join(folder, 'real'))).mode & 0o777).toBe(0o640);
    expect((await readdir(folder)).sort()).toEqual(['link', 'real']);
  });

  test('refuses a folder, and a folder that does not exist', async () => {
    await mkdir(join(folder, 'out'));
    expect((await fault(writeFileAtomically(join(folder, 'out'), 'x'))).message).toContain('it is a folder');
    const { code, message } = await fault(writeFileAtomically(join(folder, 'none', 'x'), 'x'));
    expect(code).toBe('FILE_ACCESS');
    expect(message).toContain(`the folder ${join(folder, 'none')} does not exist`);
    expect(message).toContain('create the folder');
  });

  test.skipIf(process.platform === 'win32')('writes to a device without replacing it', async () => {
    await writeFileAtomically('/dev/null', 'gone');
    expect((await stat('/dev/null')).isFile()).toBe(false);
  });

  test('lets many writers of one file finish with one whole content', async () => {
    const path = join(folder, 'shared');
    const contents = Array.from({ length: 12 }, (_, i) => String(i % 10).repeat(50_000));
    await Promise.all(contents.map((content) => writeFileAtomically(path, content)));
    expect(contents).toContain(await readFile(path, 'utf8'));
    expect(await readdir(folder)).toEqual(['shared']);
  });
});

describe('reading', () => {
  test('gives the bytes, and the text without its byte order mark', async () => {
    await writeFile(join(folder, 'a'), '\ufeffhé\n');
    expect([...(await readBytes(join(folder, 'a')))]).toEqual([0xef, 0xbb, 0xbf, 0x68, 0xc3, 0xa9, 0x0a]);
    expect(await readText(join(folder, 'a'))).toBe('hé\n');
  });

  test('suggests near names when a file is missing', async () => {
    await writeFile(join(folder, 'sunspots.csv'), 'x');
    const { code, message } = await fault(readText(join(folder, 'sunspot.csv')));
    expect(code).toBe('FILE_ACCESS');
    expect(message).toContain(`did you mean ${join(folder, 'sunspots.csv')}?`);
  });

  test('suggests names of models alone where a model is missing', async () => {
    for (const name of ['moons.csv', 'moon.json', 'moons.safetensors']) await writeFile(join(folder, name), 'x');
    for (const load of [loadModel, loadTask]) {
      const { message } = await fault(load(join(folder, 'moon.safetensor')));
      expect(message).toContain(`did you mean ${join(folder, 'moons.safetensors')}?`);
      expect((await fault(load(join(folder, 'moons.cvs')))).message).not.toContain('did you mean');
    }
    expect((await fault(readBytes(join(folder, 'mons.csv')))).message).toContain('moons.csv');
  });

  test('refuses a folder and an empty file', async () => {
    await writeFile(join(folder, 'empty'), '');
    expect((await fault(readBytes(folder))).message).toContain('it is a folder');
    expect((await fault(readText(join(folder, 'empty')))).code).toBe('DATA_FORMAT');
  });

  test.skipIf(process.platform !== 'linux')('reads files that do not know their size', async () => {
    expect(await readText('/proc/self/status')).toContain('Name:');
  });

  test.each([
    ['EACCES', 'permission is missing'],
    ['ENOSPC', 'the disk is full'],
    ['EROFS', 'read-only'],
    ['EIO', 'cannot be written'],
  ])('explains %s', async (code, said) => {
    const error = await fileAccessError('write', 'a/b.txt', Object.assign(new Error(`${code}: failed`), { code }));
    expect(error.code).toBe('FILE_ACCESS');
    expect(error.message).toContain(said);
    expect(error.message).toContain('fix:');
  });
});
