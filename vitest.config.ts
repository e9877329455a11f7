import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const unitTests = ['src', 'cli', 'bench', 'examples'].flatMap((folder) =>
  readdirSync(source(folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => `${folder}/${path.replaceAll('\\', '/')}`),
);

/** Files that put others in the place of modules, which lasts as long as the process. */
const replacingModules = unitTests.filter((path) => readFileSync(source(path), 'utf8').includes('vi.mock('));

// Loading the library takes longer than most files of unit tests run, so they share it.
export default defineConfig({
  resolve: { alias: { 'rondo/node': source('./src/node.ts'), rondo: source('./src/index.ts') } },
  test: {
    // No test depends on speed: these guard against hanging alone. What is given up goes on in the background, and
    // draws from the generator that the tests seed.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'units',
          include: unitTests.filter((path) => !replacingModules.includes(path)),
          isolate: false,
          setupFiles: ['test/support/relaxed-simd.ts', 'test/support/fresh-library.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'system',
          include: ['test/**/*.test.ts', ...replacingModules],
          setupFiles: ['test/support/relaxed-simd.ts'],
        },
      },
    ],
  },
});
