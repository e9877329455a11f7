import type { RecurrentResult } from '../tensor/recurrent.js';
import type { RecurrentArguments } from '../tensor/recurrent-arguments.js';
import type { Layer } from './layer.js';

/**
 * Sees what a cell was given along time and what came of it, which it returns or puts something equal in the place of.
 */
export type CellObserver = (member: Layer<never>, call: RecurrentArguments, result: RecurrentResult) => RecurrentResult;

let observer: CellObserver | undefined;

/** @internal Runs work in which `own` sees every run of a cell along time. */
export function observingCells<T>(own: CellObserver, work: () => T): T {
  const outer = observer;
  observer = own;
  try {
    return work();
  } finally {
    observer = outer;
  }
}

/** @internal What the observer makes of a result. */
export function observed(member: Layer<never>, call: RecurrentArguments, result: RecurrentResult): RecurrentResult {
  return observer === undefined ? result : observer(member, call, result);
}
