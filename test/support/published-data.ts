import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { it } from 'vitest';

/** Public data sets are not part of the project; RONDO_DATA names a folder that holds them. */
const folder = process.env.RONDO_DATA ?? fileURLToPath(new URL('../../../shared/data', import.meta.url));

/** A test that needs a published data set: `not run`, with the reason, where the file is absent. */
export function itWithData(name: string, file: string, test: (path: string) => Promise<void>, timeoutMs: number): void {
  const path = join(folder, file);
  if (existsSync(path)) it(name, () => test(path), timeoutMs);
  else it.skip(`${name} (not run: there is no ${path}; set RONDO_DATA)`, () => undefined);
}
