import { createRequire } from 'node:module';
import { join } from 'node:path';
import { RondoError, refuseUnknownOptions, unknownName } from '../errors.js';
import { findKoffiNow } from './koffi.js';
import { type MachineCode, provideMachineCode } from './machine-code.js';
import { wasmInstance } from './wasm-instance.js';
import { X64MachineCode } from './x64/machine-code.js';
import { isas } from './x64/processor.js';
import { faultOfMachineCode } from './x64/self-test.js';

const where = 'useMachineCode';
const occasions = ['possible', 'never'] as const;

export interface MachineCodeOptions {
  /**
   * `possible` (default) where the processor and the system allow it; `never` computes in WebAssembly alone, as the
   * environment variable RONDO_NATIVE=off does. RONDO_NATIVE=avx2 uses no wider vectors.
   */
  when?: (typeof occasions)[number] | undefined;
}

/** What became of machine code in this process. */
export interface MachineCodeDescription {
  readonly isUsed: boolean;
  /** Why, or why not, in a sentence. */
  readonly reason: string;
  /** `x86-64 with AVX-512`, or null where none is used. */
  readonly instructions: string | null;
  /** How long it took to write the kernels of the self-test, place them and compare their numbers; 0 where none is used. */
  readonly startMs: number;
}

let wanted: (typeof occasions)[number] | undefined;
let found: (MachineCodeDescription & { readonly code: MachineCode | undefined }) | undefined;

/**
 * Lets kernels be machine code of the processor, as wide as it has vectors, or forbids it. Programs that import
 * `rondo/node` have it by default where the npm package koffi is installed, on processors of x86-64 with AVX2 or
 * AVX-512. Call it before anything is computed. Results differ from WebAssembly's by float32 rounding.
 *
 * @throws UNKNOWN_NAME; USAGE where something was computed before
 */
export function useMachineCode(options: MachineCodeOptions = {}): MachineCodeDescription {
  refuseUnknownOptions(where, options, ['when']);
  const { when = 'possible' } = options;
  if (!occasions.includes(when)) throw unknownName(where, 'occasion', when, occasions);
  if (when !== (wanted ?? 'possible') && wasmInstance() !== undefined) {
    throw new RondoError('USAGE', {
      where,
      what: 'the backend has computed already.',
      fix: 'call useMachineCode before anything is computed, or use a backend of createWasmBackend({ machineCode: false }).',
    });
  }
  wanted = when;
  found = undefined;
  provideMachineCode(offeredMachineCode);
  return describeMachineCode();
}

/** What became of machine code, or would: it is looked for where that has not been done. Throws nothing. */
export function describeMachineCode(): MachineCodeDescription {
  const { code: _, ...description } = (found ??= find());
  return description;
}

/** The machine code of this process, if it may be used; `rondo/node` offers it to backends. */
export function offeredMachineCode(): MachineCode | undefined {
  return (found ??= find()).code;
}

function find(): NonNullable<typeof found> {
  const unused = (reason: string) => ({ isUsed: false, reason, instructions: null, startMs: 0, code: undefined });
  if (wanted === 'never') return unused('it was switched off.');
  const { RONDO_NATIVE: native } = process.env;
  if (native === 'off') return unused('RONDO_NATIVE=off switches it off.');
  const isa = isas.find((each) => each === native);
  if (native !== undefined && native !== '' && native !== 'on' && isa === undefined)
    return unused(`RONDO_NATIVE is \`${native}\`, which is none of on, off, ${isas.join(', ')}.`);
  const other = (['bun', 'deno'] as const).find((name) => process.versions[name] !== undefined);
  if (other !== undefined) return unused(`it has been tried in Node alone, and this is ${other}.`);
  if (process.arch !== 'x64') return unused(`kernels are written for x86-64, and this is ${process.arch}.`);
  try {
    // A bundle of CommonJS has no addresses of modules.
    const require = createRequire(import.meta.url ?? join(process.cwd(), 'bundle.js'));
    const search = findKoffiNow(require);
    if (search.koffi === undefined) return unused(search.reason);
    const started = performance.now();
    const code = new X64MachineCode(
      {
        koffi: search.koffi,
        koffiPath: require.resolve('koffi'),
        platform: process.platform,
      },
      isa,
    );
    const fault = faultOfMachineCode(code);
    if (fault !== undefined) return unused(`its numbers are wrong here: ${fault}`);
    const startMs = performance.now() - started;
    return { isUsed: true, reason: 'it computes what float64 does.', instructions: code.name, startMs, code };
  } catch (error) {
    return unused((error as Error).message);
  }
}
