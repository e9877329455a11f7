import { requireKind } from '../errors.js';

/** What is no signal would never stop anything. @throws USAGE */
export function requireSignal(where: string, signal: AbortSignal | undefined): void {
  requireKind(signal === undefined || typeof signal?.aborted === 'boolean', signal, {
    where,
    what: '`signal` is no AbortSignal.',
    fix: 'give controller.signal of a new AbortController().',
  });
}
