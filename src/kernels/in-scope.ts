import type { Device } from './contract.js';

/** Runs `work` in a scope of its own, which closes too where the memory is full. */
export function inScope<T>(device: Pick<Device, 'openScope' | 'closeScope'>, work: () => T): T {
  device.openScope();
  try {
    return work();
  } finally {
    device.closeScope();
  }
}
