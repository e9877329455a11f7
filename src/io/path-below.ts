/** Characters that lead elsewhere on some systems: a backslash, the colon of a drive, and what ends a name. */
export const oddInPaths = /[\\:\0]/;

/** Those that a server or a shell may read in another way, too. */
export const oddInAddresses = /[\\:%?#*"<>|\0-\x1f\x7f]/;

const longestPath = 1000;

/** Whether a file names another one below its own folder: never absolute, never upwards, each part a name. */
export function isPathBelow(path: string, odd: RegExp): boolean {
  return (
    path.length <= longestPath &&
    !odd.test(path) &&
    path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
  );
}
