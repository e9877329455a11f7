import { requireKind } from '../errors.js';

/** What a reader of files is given. @throws USAGE for what is no `Uint8Array` */
export function requireBytes(bytes: unknown, where: string): void {
  requireKind(bytes instanceof Uint8Array, bytes, {
    where,
    what: 'these are no bytes.',
    fix: 'give a Uint8Array, such as new Uint8Array(await response.arrayBuffer()).',
  });
}
