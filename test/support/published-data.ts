import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'vitest';

/** Public data sets are not part of the project; RONDO_DATA names a folder that holds them. */
const folder = process.env.RONDO_DATA;

/** A test that needs a published data set: `not run`, with the reason, where the file is absent. */
export function itWithData(name: string, file: string, test: (path: string) => Promise<void>): void {
  const path = folder === undefined ? undefined : join(folder, file);
  if (path !== undefined && existsSync(path)) it(name, () => test(path));
  else
    it.skip(`${name} (not run: ${path === undefined ? 'RONDO_DATA is not set' : `there is no ${path}`})`, () =>
      undefined);
}
