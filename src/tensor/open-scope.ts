import { RondoError } from '../errors.js';
import type { Backend } from '../kernels/contract.js';
import { currentBackend } from '../kernels/select.js';

/** Work whose intermediate tensors are given back together. */
export class Scope {
  isOpen = true;
  /** @param outer the scope this one is inside of; see `innerScope`. */
  constructor(
    readonly backend: Backend,
    readonly outer?: Scope,
  ) {}
}

let open: Scope | undefined;

/** The innermost scope that is open. */
export function openScope(): Scope | undefined {
  return open;
}

export function setOpenScope(scope: Scope | undefined): void {
  open = scope;
}

/** The open scope. @throws INTERNAL where there is none; USAGE where the backend was switched inside */
export function requireScope(): Scope {
  if (open === undefined)
    throw new RondoError('INTERNAL', { where: 'tensor', what: 'an operation ran outside of a scope.' });
  if (open.backend !== currentBackend()) {
    throw new RondoError('USAGE', {
      where: 'useBackend',
      what: 'the backend was switched inside a running step.',
      expected: `\`${open.backend.name}\` until the step ends`,
      received: `\`${currentBackend().name}\``,
      fix: 'call useBackend before scope(), valueAndGradients() or fit().',
    });
  }
  return open;
}

/** What work gave that runs in one go. @throws USAGE where it is asynchronous */
export function synchronous<T>(result: T): T {
  if (!(result instanceof Promise)) return result;
  // The rest of the work fails later, without a scope; the error below says why.
  result.catch(() => undefined);
  throw new RondoError('USAGE', {
    where: 'scope',
    what: 'the function is asynchronous, but its tensors are given back when it returns.',
    fix: 'await what it needs before, and give scope() or valueAndGradients() a function without async.',
  });
}
