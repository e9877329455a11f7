import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: { alias: { 'rondo/node': source('./src/node.ts'), rondo: source('./src/index.ts') } },
  test: {
    include: [
      'src/**/*.test.ts',
      'cli/**/*.test.ts',
      'bench/**/*.test.ts',
      'examples/**/*.test.ts',
      'test/**/*.test.ts',
    ],
    setupFiles: ['test/support/relaxed-simd.ts'],
    // No test depends on speed: these guard against hanging alone. What is given up goes on in the background, and
    // draws from the generator that the tests seed.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
