import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { crc32c } from '../checksum.js';
import { isGone, thisProcess } from './process-identity.js';

/**
 * A name in the folder of a file for its new content, which says whose it is:
 * `.model.safetensors.HOST-PID-START.UUID.tmp`.
 */
export function temporaryNameFor(target: string): string {
  const { pid, host, start } = thisProcess();
  return join(dirname(target), `${beginOf(target)}${hostTag(host)}-${pid}-${start ?? ''}.${crypto.randomUUID()}.tmp`);
}

const tidied = new Set<string>();

/** Removes what processes that were killed have left beside a file; once a file, since this process leaves nothing. */
export async function removeAbandoned(target: string): Promise<void> {
  if (tidied.has(target)) return;
  tidied.add(target);
  const { host } = thisProcess();
  const begin = beginOf(target);
  for (const name of await readdir(dirname(target)).catch(() => [])) {
    if (!name.startsWith(begin)) continue;
    const [, tag, pid, start] = /^([0-9a-f]{8})-(\d+)-(\d*)\.[0-9a-f-]{36}\.tmp$/.exec(name.slice(begin.length)) ?? [];
    if (tag !== hostTag(host) || !isGone({ pid: Number(pid), host, start: start === '' ? null : start })) continue;
    await rm(join(dirname(target), name), { force: true });
  }
}

/** Names may have 255 bytes, and the rest takes up to 90. */
function beginOf(target: string): string {
  const name = Buffer.from(basename(target))
    .subarray(0, 150)
    .toString('utf8')
    .replace(/\ufffd+$/, '');
  return `.${name}.`;
}

/** Names of machines may hold what names of files may not. */
function hostTag(host: string): string {
  return crc32c(Buffer.from(host)).toString(16).padStart(8, '0');
}
