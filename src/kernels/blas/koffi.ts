/** The parts of the optional package `koffi` that are used: it calls functions of shared libraries. */
export interface Koffi {
  /** Opens a library by path or by a name that the system finds. @throws where there is none, or it does not load */
  load(library: string): NativeLibrary;
  /** Where a typed array's data lie in the process. */
  address(data: Float32Array): bigint;
}

export interface NativeLibrary {
  /** The function of a C declaration. @throws where the library has none of that name */
  func(declaration: string): (...values: (number | string)[]) => unknown;
}

export type KoffiSearch = { readonly koffi: Koffi } | { readonly koffi: undefined; readonly reason: string };

/** Looks for the package `koffi`; it is no dependency, because only an installed BLAS needs it. */
export async function findKoffi(load: () => Promise<{ default: Koffi }> = () => import('koffi')): Promise<KoffiSearch> {
  try {
    const { default: koffi } = await load();
    if (typeof koffi.address === 'function') return { koffi };
    return {
      koffi: undefined,
      reason: 'the npm package koffi is too old: it cannot tell the address of an array. Run: npm install koffi@latest',
    };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_MODULE_NOT_FOUND') return { koffi: undefined, reason: 'the npm package koffi is not installed.' };
    return { koffi: undefined, reason: `the npm package koffi does not load: ${message.split('\n')[0]}` };
  }
}
