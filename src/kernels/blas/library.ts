import type { Koffi, NativeLibrary } from '../koffi.js';
import { faultOf } from './self-test.js';
import { bindMultiply, type Multiply } from './sgemm.js';

/** An opened library that multiplies right. */
export interface BlasLibrary {
  /** The name or path it was opened by. */
  readonly path: string;
  /** What it says about itself; its path where it says nothing. */
  readonly version: string;
  readonly multiply: Multiply;
  /** Sets how many threads it may use; absent where it has no such function. */
  readonly setThreads: ((count: number) => void) | undefined;
}

/** Why one library is not used. */
export interface Refusal {
  readonly path: string;
  readonly reason: string;
}

const threadSetters = [
  'void openblas_set_num_threads(int)',
  'void MKL_Set_Num_Threads(int)',
  'void bli_thread_set_num_threads(int64_t)',
];

/** What a library without the function is asked for costs nothing: the answer is `undefined`. */
function functionOf(library: NativeLibrary, declaration: string): ReturnType<NativeLibrary['func']> | undefined {
  try {
    return library.func(declaration);
  } catch {
    // koffi has no other way to ask whether a library has a function.
    return undefined;
  }
}

/** Opens one library and tests it. */
export function openLibrary(koffi: Koffi, path: string): BlasLibrary | Refusal {
  try {
    const library = koffi.load(path);
    const multiply = bindMultiply(koffi, library);
    const setThreads = threadSetters
      .map((declaration) => functionOf(library, declaration))
      .find((found) => found !== undefined);
    setThreads?.(1);
    const fault = faultOf(multiply);
    if (fault !== undefined) return { path, reason: fault };
    const version =
      functionOf(library, 'const char *openblas_get_config()')?.() ??
      functionOf(library, 'const char *bli_info_get_version_str()')?.();
    return { path, version: typeof version === 'string' ? version.trim() : path, multiply, setThreads };
  } catch (error) {
    // Some systems let koffi load, and forbid its calls.
    return { path, reason: (error as Error).message.split('\n')[0] };
  }
}
