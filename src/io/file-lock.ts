import { rmSync } from 'node:fs';
import { open, rm, writeFile } from 'node:fs/promises';
import { crc32c } from '../checksum.js';
import { RondoError } from '../errors.js';
import { fileAccessError } from './files.js';
import { isGone, type ProcessIdentity, thisProcess } from './process-identity.js';

/** What a lock file holds, as JSON. */
export interface LockOwner extends ProcessIdentity {
  readonly id: string;
  /** What the process does, for people. */
  readonly about: string;
  /** Date and time. */
  readonly since: string;
}

export interface TakenLock {
  readonly lock: FileLock;
  /** Who held it and is gone; null for a lock that nobody can read, undefined where it was free. */
  readonly predecessor: LockOwner | null | undefined;
}

/** A lock that cannot be read may be one that is just being written. */
const beingWrittenMs = 10_000;

/**
 * A file that says that a process works on something. It is removed at the end; after `kill -9` it stays, and whoever
 * comes next sees that its owner is gone (same machine, no process of that id that began at that time) and takes it
 * over.
 */
export class FileLock {
  #isHeld = true;
  readonly #releaseAtExit = (): void => rmSync(this.path, { force: true });

  private constructor(
    readonly path: string,
    readonly owner: LockOwner,
  ) {
    process.on('exit', this.#releaseAtExit);
  }

  /** @throws FILE_ACCESS where a living process holds it, or one of another machine */
  static async take(path: string, about: string): Promise<TakenLock> {
    const found = await FileLock.#takenOrHeld(path, about);
    if ('holder' in found) throw heldBy(path, found.holder);
    return found;
  }

  static async #takenOrHeld(path: string, about: string): Promise<TakenLock | { readonly holder: LockOwner | null }> {
    const owner: LockOwner = { id: crypto.randomUUID(), ...thisProcess(), about, since: new Date().toISOString() };
    let predecessor: LockOwner | null | undefined;
    for (;;) {
      if (await isCreated(path, owner)) return { lock: new FileLock(path, owner), predecessor };
      const found = await lockAt(path);
      if (found === undefined) continue;
      if (!isLeft(found)) return { holder: found.owner };
      // Only who holds the lock on removing this one removes it, so that nobody removes the new lock of who was faster.
      const removal = await FileLock.#takenOrHeld(`${path}.${crc32c(new TextEncoder().encode(found.text))}`, about);
      const again = await lockAt(path);
      const isThere = again?.text === found.text && isLeft(again);
      if ('holder' in removal) {
        if (isThere) return removal;
        continue;
      }
      try {
        if (isThere) await remove(path);
      } finally {
        await removal.lock.release();
      }
      if (isThere) predecessor = found.owner;
    }
  }

  /** @throws FILE_ACCESS where a living process holds the lock, or one of another machine */
  static async requireFree(path: string): Promise<void> {
    const owner = await FileLock.holder(path);
    if (owner !== undefined) throw heldBy(path, owner);
  }

  /** Who holds a lock and lives; undefined where nobody does. */
  static async holder(path: string): Promise<LockOwner | undefined> {
    const owner = (await lockAt(path))?.owner;
    return owner === undefined || owner === null || isGone(owner) ? undefined : owner;
  }

  /**
   * Makes sure that it is still held: someone may have removed the file. @throws FILE_ACCESS where another process has
   * it now
   */
  async confirm(): Promise<void> {
    const found = await lockAt(this.path);
    if (found?.owner?.id === this.owner.id) return;
    if (found === undefined && (await isCreated(this.path, this.owner))) return;
    this.#forget();
    throw heldBy(this.path, found?.owner ?? null);
  }

  async release(): Promise<void> {
    if (!this.#isHeld) return;
    this.#forget();
    await remove(this.path);
  }

  #forget(): void {
    this.#isHeld = false;
    process.off('exit', this.#releaseAtExit);
  }
}

async function isCreated(path: string, owner: LockOwner): Promise<boolean> {
  try {
    await writeFile(path, `${JSON.stringify(owner)}\n`, { flag: 'wx' });
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw await fileAccessError('write', path, cause);
  }
}

interface FoundLock {
  readonly text: string;
  readonly owner: LockOwner | null;
  readonly ageMs: number;
}

/** Whether nobody holds it any more. */
function isLeft({ owner, ageMs }: FoundLock): boolean {
  return owner === null ? ageMs >= beingWrittenMs : isGone(owner);
}

/** Undefined where there is none (any more). */
async function lockAt(path: string): Promise<FoundLock | undefined> {
  try {
    const file = await open(path, 'r');
    try {
      const { size, mtimeMs } = await file.stat();
      const text = size > 100_000 ? '' : await file.readFile('utf8');
      return { text, owner: ownerIn(text), ageMs: Date.now() - mtimeMs };
    } finally {
      await file.close();
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw await fileAccessError('read', path, cause);
  }
}

function ownerIn(text: string): LockOwner | null {
  try {
    const found = JSON.parse(text) as Partial<LockOwner> | null;
    const { id, pid, host, start, about, since } = found ?? {};
    const isWhole =
      [id, host, about, since].every((field) => typeof field === 'string') &&
      Number.isInteger(pid) &&
      (start === null || typeof start === 'string');
    return isWhole ? (found as LockOwner) : null;
  } catch {
    return null;
  }
}

async function remove(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
  } catch (cause) {
    throw await fileAccessError('write', path, cause);
  }
}

function heldBy(path: string, owner: LockOwner | null): RondoError {
  const isHere = owner !== null && owner.host === thisProcess().host;
  return new RondoError('FILE_ACCESS', {
    where: path,
    what: owner === null ? 'another process is taking it.' : 'another process is at work on it.',
    expected: 'one process at a time',
    received:
      owner === null
        ? 'a lock that cannot be read'
        : `${owner.about}, process ${owner.pid} on ${owner.host}, since ${owner.since}`,
    fix:
      `${isHere ? `wait until it has ended, or stop it with kill ${owner.pid},` : `if it has ended, remove ${path},`}` +
      ' or write elsewhere.',
  });
}
