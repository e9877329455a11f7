import { posix, win32 } from 'node:path';

/** What decides where a BLAS may lie. */
export interface Place {
  readonly platform: NodeJS.Platform;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Names that the system's loader finds, the faster libraries first. */
const names: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  linux: [
    'libopenblas.so.0',
    'libopenblas.so',
    'libmkl_rt.so.2',
    'libmkl_rt.so',
    'libblis.so.4',
    'libblis.so',
    'libcblas.so.3',
    'libblas.so.3',
  ],
  darwin: [
    '/System/Library/Frameworks/Accelerate.framework/Accelerate',
    '/opt/homebrew/opt/openblas/lib/libopenblas.dylib',
    '/usr/local/opt/openblas/lib/libopenblas.dylib',
    'libopenblas.dylib',
  ],
  win32: ['libopenblas.dll', 'openblas.dll', 'mkl_rt.2.dll', 'mkl_rt.dll', 'libblis.dll'],
};

/** Folders of installations that the loader does not know: a conda environment's, and that of Intel's library. */
function foldersOf({ platform, environment: { CONDA_PREFIX, MKLROOT } }: Place): string[] {
  const { join } = platform === 'win32' ? win32 : posix;
  return [
    ...(CONDA_PREFIX === undefined
      ? []
      : [platform === 'win32' ? join(CONDA_PREFIX, 'Library', 'bin') : join(CONDA_PREFIX, 'lib')]),
    ...(MKLROOT === undefined ? [] : [platform === 'win32' ? join(MKLROOT, 'bin') : join(MKLROOT, 'lib')]),
  ];
}

/** The libraries to try, in order. The environment variable `RONDO_BLAS` names the only one. */
export function blasLibraries(place: Place): readonly string[] {
  const { platform, environment } = place;
  if (environment.RONDO_BLAS !== undefined && environment.RONDO_BLAS !== '') return [environment.RONDO_BLAS];
  const known = names[platform] ?? names.linux!;
  const { join } = platform === 'win32' ? win32 : posix;
  const plain = known.filter((name) => !name.includes('/'));
  return [...foldersOf(place).flatMap((folder) => plain.map((name) => join(folder, name))), ...known];
}
