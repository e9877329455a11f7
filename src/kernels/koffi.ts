/** The parts of the optional package `koffi` that are used: it calls functions of shared libraries and of machine code. */
export interface Koffi {
  /**
   * Opens a library by path or by a name that the system finds; null is the process itself.
   *
   * @throws where there is none, or it does not load
   */
  load(library: string | null): NativeLibrary;
  /** Where a typed array's data lie in the process. */
  address(data: ArrayBufferView): bigint;
  /** The type of a function without a name. */
  proto(result: string, parameters: readonly string[]): object;
  /** The function of a type at an address. */
  decode(address: number | bigint, type: object): (...values: number[]) => unknown;
}

export interface NativeLibrary {
  /** The function of a C declaration. @throws where the library has none of that name */
  func(declaration: string): (...values: (number | string | ArrayBufferView)[]) => unknown;
}

export type KoffiSearch = { readonly koffi: Koffi } | { readonly koffi: undefined; readonly reason: string };

/** Looks for the package `koffi`; it is no dependency, because nothing but an installed BLAS and machine code need it. */
export async function findKoffi(
  load: () => Promise<{ default: unknown }> = () => import('koffi'),
): Promise<KoffiSearch> {
  try {
    const { default: koffi } = await load();
    return foundKoffi(koffi as Koffi);
  } catch (error) {
    return missingKoffi(error);
  }
}

/** The same at once. @param require of a module from which the package is looked for */
export function findKoffiNow(require: (name: string) => unknown): KoffiSearch {
  try {
    return foundKoffi(require('koffi') as Koffi);
  } catch (error) {
    return missingKoffi(error);
  }
}

function foundKoffi(koffi: Koffi): KoffiSearch {
  if (typeof koffi.address === 'function') return { koffi };
  return {
    koffi: undefined,
    reason: 'the npm package koffi is too old: it cannot tell the address of an array. Run: npm install koffi@latest',
  };
}

function missingKoffi(error: unknown): KoffiSearch {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND')
    return { koffi: undefined, reason: 'the npm package koffi is not installed.' };
  return { koffi: undefined, reason: `the npm package koffi does not load: ${message.split('\n')[0]}` };
}
