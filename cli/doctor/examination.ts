import type { HostDescription } from '../../src/index.js';
import type { BlasDescription, MachineCodeDescription } from '../../src/node.js';

/** All that `rondo doctor` finds out. */
export interface Examination {
  readonly machine: {
    readonly processor: string;
    readonly logicalCores: number;
    readonly platform: string;
    /** Average number of running processes over the last minute; 0 on Windows. */
    readonly load: number;
    readonly memoryBytes: number;
    readonly freeMemoryBytes: number;
    /** The most that JavaScript values of this process may take; data sets count here. */
    readonly heapLimitBytes: number;
  };
  readonly wideKernels: {
    /** The flags of V8 that `rondo` sets on this Node. */
    readonly flags: readonly string[];
    readonly isEffective: boolean;
    readonly reason: string;
  };
  readonly host: Omit<HostDescription, 'advice'>;
  readonly machineCode: MachineCodeDescription;
  readonly blas: BlasDescription;
  readonly advice: readonly string[];
}
