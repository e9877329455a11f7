import { RondoError } from '../errors.js';
import type { Support } from './contract.js';
import { hasRelaxedSimd, hasSimd } from './wasm/features.js';
import type { TileChoice } from './wasm/matmul-choice.js';
import { wasmBackend } from './wasm-instance.js';

/** What a host offers to the kernels, and what they make of it. */
export interface HostDescription {
  /** `Node 24.1.0 (V8 13.6)`, or how the browser names itself. */
  readonly runtime: string;
  /** Null where the host does not say. */
  readonly logicalCores: number | null;
  readonly simd: {
    /** Vectors of 128 bits; nothing computes in WebAssembly without them. */
    readonly simd128: boolean;
    /** Multiply-add in one instruction. */
    readonly relaxed: boolean;
    /** Whether pairs of vectors were measured to run as one of 256 bits. */
    readonly isWidened: boolean;
  };
  /** Whether a memory can be shared with worker threads. */
  readonly sharedMemory: Support;
  /** Null outside browsers, where nothing depends on it. */
  readonly crossOriginIsolated: boolean | null;
  readonly wasm: WasmDescription;
  /** What would make it faster, or must be known; plain sentences. */
  readonly advice: readonly string[];
}

/** The WebAssembly backend, as far as it started. */
export interface WasmDescription {
  readonly starts: Support;
  readonly threads: Support;
  /** What its memory can grow to; null where it did not start. */
  readonly memoryLimitBytes: number | null;
  /** The family of matrix tiles in use; null where it did not start. */
  readonly tiles: string | null;
  /** What the start-up probe measured, and whether the numbers agreed with float64. */
  readonly measured: readonly { readonly tiles: string; readonly gigaflops: number; readonly isRight: boolean }[];
  readonly probeMs: number | null;
  /** What computes large matrix products instead; null where nothing does. */
  readonly accelerator: string | null;
}

/** What of the global scope is read here; each part exists only on some hosts. */
export interface HostGlobals {
  readonly process?:
    | { readonly versions?: { readonly node?: string | undefined; readonly v8?: string | undefined } | undefined }
    | undefined;
  readonly navigator?:
    | { readonly userAgent?: string | undefined; readonly hardwareConcurrency?: number | undefined }
    | undefined;
  readonly crossOriginIsolated?: boolean | undefined;
  readonly SharedArrayBuffer?: unknown | undefined;
}

/** Wide families lose without widening and win by half with it. */
const leastWideAdvantage = 1.15;

/**
 * Describes the host in Node and in browsers, starting the WebAssembly backend if it does not run yet. Changes nothing
 * and throws nothing: a backend that does not start is part of the answer.
 *
 * @example
 * for (const sentence of describeHost().advice) console.log(sentence);
 */
export function describeHost(): HostDescription {
  return descriptionOf(globalThis as HostGlobals);
}

/** The same for a host with these global values. */
export function descriptionOf(host: HostGlobals): HostDescription {
  const node = host.process?.versions?.node;
  const wasm = describeWasm();
  const facts = {
    runtime:
      node === undefined ? (host.navigator?.userAgent ?? 'unknown') : `Node ${node} (V8 ${host.process?.versions?.v8})`,
    logicalCores: host.navigator?.hardwareConcurrency ?? null,
    simd: { simd128: hasSimd(), relaxed: hasRelaxedSimd(), isWidened: isWidened(wasm.measured) },
    sharedMemory: sharedMemory(host),
    crossOriginIsolated: node === undefined ? (host.crossOriginIsolated ?? false) : null,
    wasm,
  };
  return { ...facts, advice: adviceFor(facts) };
}

function describeWasm(): WasmDescription {
  try {
    const backend = wasmBackend();
    const { family, measured, elapsedMs }: TileChoice = backend.acceleration.chooseTiles();
    return {
      starts: { supported: true, reason: 'it runs, and its products agree with float64.' },
      threads: backend.supports('threads'),
      memoryLimitBytes: backend.memoryLimitBytes,
      tiles: family.name,
      measured: measured.map(({ name, gigaflops }) => ({ tiles: name, gigaflops, isRight: gigaflops > 0 })),
      probeMs: elapsedMs,
      accelerator: backend.acceleration.accelerator?.name ?? null,
    };
  } catch (error) {
    if (!(error instanceof RondoError)) throw error;
    const reason = error.facts.received ?? error.facts.what;
    return {
      starts: { supported: false, reason },
      threads: { supported: false, reason },
      memoryLimitBytes: null,
      tiles: null,
      measured: [],
      probeMs: null,
      accelerator: null,
    };
  }
}

function isWidened(measured: WasmDescription['measured']): boolean {
  const best = (isWide: boolean): number =>
    Math.max(
      0,
      ...measured.filter(({ tiles }) => tiles.startsWith('wide') === isWide).map(({ gigaflops }) => gigaflops),
    );
  return best(true) > leastWideAdvantage * best(false);
}

function sharedMemory({ SharedArrayBuffer, crossOriginIsolated }: HostGlobals): Support {
  if (crossOriginIsolated === false) return { supported: false, reason: 'the page is not cross-origin isolated.' };
  if (SharedArrayBuffer === undefined) return { supported: false, reason: 'the host has no shared memory.' };
  return { supported: true, reason: 'worker threads can see the same memory.' };
}

function adviceFor({ simd, sharedMemory, crossOriginIsolated, wasm }: Omit<HostDescription, 'advice'>): string[] {
  const advice: string[] = [];
  if (!simd.simd128)
    advice.push(
      'This host has no WebAssembly SIMD: use Node 20.19 or later, or a browser of 2023 or later. The reference ' +
        'backend works everywhere, slowly.',
    );
  else if (!wasm.starts.supported) advice.push(`The WebAssembly backend does not start: ${wasm.starts.reason}`);
  else if (!simd.relaxed)
    advice.push(
      'This host has no relaxed SIMD, which multiplies and adds in one instruction: a newer Node or browser ' +
        'computes faster.',
    );
  const wrong = wasm.measured.filter(({ isRight }) => !isRight);
  if (wrong.length > 0)
    advice.push(
      `Kernels that computed wrong numbers are not used: ${wrong.map(({ tiles }) => tiles).join(', ')}. Please ` +
        'report this.',
    );
  if (crossOriginIsolated === false && !sharedMemory.supported) {
    advice.push(
      'This page cannot share memory with worker threads: serve it with the headers Cross-Origin-Opener-Policy: ' +
        'same-origin and Cross-Origin-Embedder-Policy: require-corp.',
    );
  }
  return advice;
}
