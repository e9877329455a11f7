import { cpus, loadavg } from 'node:os';

/** What a figure depends on besides the code. */
export interface Machine {
  readonly processor: string;
  readonly logicalCores: number;
  readonly runtime: string;
  /** Average number of running processes over the last minute. */
  readonly load: number;
}

export function describeMachine(): Machine {
  const all = cpus();
  return {
    processor: all[0]?.model.trim() ?? 'unknown processor',
    logicalCores: all.length,
    runtime: `Node ${process.versions.node} (V8 ${process.versions.v8})`,
    load: Math.round(loadavg()[0] * 100) / 100,
  };
}
