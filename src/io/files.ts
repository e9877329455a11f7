import { constants, readSync, type Stats } from 'node:fs';
import { access, chmod, type FileHandle, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { nearestNames, RondoError } from '../errors.js';
import { damagedFile } from './file-fault.js';
import type { BytesByPlace } from './safetensors-decode.js';
import { removeAbandoned, temporaryNameFor } from './temporary-files.js';

/** One read call takes at most this much: Node refuses more than 2^31 - 1 bytes in one call. */
const readPieceBytes = 2 ** 30;

/**
 * Writes a file so that a reader sees the old content or the new, never a part: a temporary file in the same folder,
 * flushed to the disk, then renamed over `path`, then the folder flushed. When anything fails the temporary file is
 * removed and the old file is as it was; one that a killed process left behind is removed as well. A symbolic link
 * keeps pointing at the file that is replaced, an existing file keeps its permissions, and a device or pipe such as
 * /dev/stdout is written directly.
 *
 * @throws FILE_ACCESS when the folder does not exist, the disk is full, or permission is missing.
 */
export async function writeFileAtomically(path: string, content: Uint8Array | string): Promise<void> {
  const target = await realpath(path).catch(() => resolve(path));
  const old = await stat(target).catch(() => undefined);
  if (old?.isDirectory()) throw await fileAccessError('write', path, { code: 'EISDIR' });
  if (old !== undefined && !old.isFile()) return writeDirectly(path, content);

  await removeAbandoned(target);
  const temporary = temporaryNameFor(target);
  let created = false;
  try {
    if (old !== undefined) await access(target, constants.W_OK);
    const file = await open(temporary, 'wx');
    created = true;
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    if (old !== undefined) await chmod(temporary, old.mode);
    await rename(temporary, target);
  } catch (cause) {
    if (created) await rm(temporary, { force: true });
    throw await fileAccessError('write', path, cause);
  }
  await flushFolder(dirname(target));
}

/**
 * A rename is on the disk only once its folder is; systems that cannot flush a folder lose nothing but that promise.
 */
async function flushFolder(folder: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(folder, 'r');
    await handle.sync();
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EISDIR', 'EINVAL', 'ENOTSUP'].includes(codeOf(error)))
      throw await fileAccessError('write', folder, error);
  } finally {
    await handle?.close();
  }
}

async function writeDirectly(path: string, content: Uint8Array | string): Promise<void> {
  try {
    const file = await open(path, 'w');
    await file.writeFile(content).finally(() => file.close());
  } catch (cause) {
    throw await fileAccessError('write', path, cause);
  }
}

/**
 * All bytes of a file or pipe; files above 2 GiB are read in pieces.
 *
 * @param ending of the names that are suggested where there is no such file; by default all are.
 * @throws FILE_ACCESS when it does not exist, is a folder, or may not be read.
 */
export async function readBytes(path: string, ending?: string): Promise<Uint8Array> {
  try {
    const file = await open(path, 'r');
    try {
      const facts = await file.stat();
      return isSized(facts) ? await readSized(file, facts.size) : new Uint8Array(await file.readFile());
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw await fileAccessError('read', path, cause, ending);
  }
}

/** Smaller files are read whole. */
const leastInPieces = 2 ** 22;

/**
 * What work makes of a file that it reads by place, so that its bytes are never all in memory; undefined for a file of less than 4 MiB, a
 * pipe or a device.
 *
 * @param ending as of {@link readBytes}.
 * @throws FILE_ACCESS as readBytes; FILE_FORMAT where the file became shorter meanwhile; what `work` throws
 */
export async function readInPieces<T>(
  path: string,
  work: (file: BytesByPlace) => T,
  ending?: string,
): Promise<T | undefined> {
  try {
    // A pipe is not opened: what writes into it would end when it is closed.
    const facts = await stat(path);
    if (!facts.isFile() || facts.size < leastInPieces) return undefined;
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      return work({ sizeBytes: size, read: (target, from) => fillFrom(file.fd, path, target, from) });
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw cause instanceof Error && 'syscall' in cause ? await fileAccessError('read', path, cause, ending) : cause;
  }
}

function fillFrom(file: number, path: string, target: Uint8Array, from: number): void {
  for (let filled = 0; filled < target.length; ) {
    const count = readSync(file, target, filled, Math.min(target.length - filled, readPieceBytes), from + filled);
    if (count === 0)
      throw damagedFile({
        where: path,
        what: 'the file became shorter while it was read.',
        expected: `${target.length} bytes from byte ${from} on`,
        received: `${filled} bytes`,
      });
    filled += count;
  }
}

/** Pipes, devices and the files of /proc say that they hold nothing. */
function isSized(facts: Stats): boolean {
  return facts.isFile() && facts.size > 0;
}

async function readSized(file: FileHandle, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let filled = 0;
  while (filled < size) {
    const { bytesRead } = await file.read(bytes, filled, Math.min(size - filled, readPieceBytes), filled);
    if (bytesRead === 0) return bytes.slice(0, filled);
    filled += bytesRead;
  }
  return bytes;
}

const faults: Readonly<Record<string, readonly [what: string, fix: string]>> = {
  EISDIR: ['it is a folder, not a file.', 'name a file inside it.'],
  EACCES: ['permission is missing.', 'change its permissions, or use a folder of your own.'],
  EPERM: ['the system does not permit it.', 'change its permissions, or use a folder of your own.'],
  EROFS: ['the file system is read-only.', 'use another folder.'],
  ENOSPC: ['the disk is full.', 'free some space; the previous file, if any, is unchanged.'],
  EDQUOT: ['the disk quota is used up.', 'free some space; the previous file, if any, is unchanged.'],
  ENOTDIR: ['a part of the path is a file, not a folder.', 'correct the path.'],
  ENAMETOOLONG: ['the name is too long.', 'choose a shorter name.'],
  EMFILE: ['too many files are open.', 'close some, or raise the limit of open files (ulimit -n).'],
  ELOOP: ['its symbolic links lead in a circle.', 'correct the links.'],
  EBUSY: ['it is in use by another program.', 'close that program and try again.'],
};

/**
 * The FILE_ACCESS error for a failed system call, with the names in the folder that are near a missing one.
 *
 * @param ending of the names that may be meant; by default any.
 */
export async function fileAccessError(
  action: 'read' | 'write',
  path: string,
  cause: unknown,
  ending = '',
): Promise<RondoError> {
  if (cause instanceof RondoError) return cause;
  const code = codeOf(cause);
  const received = cause instanceof Error ? cause.message : code;
  const where = `${action} ${path}`;
  if (code === 'ENOENT') return missing(action, where, path, cause, ending);
  if (code === 'EISDIR' && action === 'read') {
    const fix = await fixOfFolder(path);
    if (fix !== undefined)
      return new RondoError('FILE_ACCESS', { where, what: faults.EISDIR[0], received, fix, cause });
  }
  const [what, fix] = faults[code] ?? [
    `the file cannot be ${action === 'read' ? 'read' : 'written'}.`,
    'check the path and the disk.',
  ];
  return new RondoError('FILE_ACCESS', { where, what, received, fix, cause });
}

/** What to do with a folder that another program calls a model. */
async function fixOfFolder(folder: string): Promise<string | undefined> {
  const names = await readdir(folder).catch((): string[] => []);
  if (names.includes('saved_model.pb'))
    return 'a SavedModel of TensorFlow is not read: save the model in Keras as .keras, or turn it into ONNX with tf2onnx.';
  return names.includes('model.json') ? `name the file inside it: ${join(folder, 'model.json')}.` : undefined;
}

async function missing(
  action: 'read' | 'write',
  where: string,
  path: string,
  cause: unknown,
  ending: string,
): Promise<RondoError> {
  const folder = dirname(resolve(path));
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    const code = codeOf(error);
    const gone = code === 'ENOENT' || code === 'ENOTDIR';
    return new RondoError('FILE_ACCESS', {
      where,
      what: gone ? `the folder ${folder} does not exist.` : `the folder ${folder} cannot be read.`,
      received: code,
      fix: action === 'write' ? 'create the folder first, or name an existing one.' : 'correct the path.',
      cause,
    });
  }
  const near = nearestNames(
    basename(path),
    names.filter((name) => !name.startsWith('.') && name.endsWith(ending)),
  );
  return new RondoError('FILE_ACCESS', {
    where,
    what: 'there is no such file.',
    received: resolve(path),
    fix:
      near.length > 0
        ? `did you mean ${near.map((name) => join(dirname(path), name)).join(', ')}?`
        : 'correct the path.',
    cause,
  });
}

function codeOf(error: unknown): string {
  return error instanceof Object && 'code' in error ? String(error.code) : 'unknown';
}
