/**
 * The second half of `npm run build`: bundles for Node what `tsc` compiled as a hundred modules, because opening them takes Node four times
 * as long as reading two files. See docs/decisions/0009-two-builds.md.
 *
 *   dist/node/   the library: index.js, node.js, and the chunk that both share, so that there is one instance of everything
 *   dist/cli/    the command, which imports dist/node; a command's own code is loaded when it is run
 */
import { rmSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = resolve(root, 'src');

/** Makes imports of the library's two public files imports of the bundle, and refuses all others. */
const libraryOutside = {
  name: 'library-outside',
  setup({ onResolve }) {
    onResolve({ filter: /^rondo(\/node)?$/ }, ({ path }) => ({
      path: `../node/${path === 'rondo' ? 'index' : 'node'}.js`,
      external: true,
    }));
    onResolve({ filter: /^\./ }, ({ path, importer }) => {
      const target = resolve(dirname(importer), path);
      if (!target.startsWith(sources)) return undefined;
      const name = relative(sources, target);
      if (name !== 'index.js' && name !== 'node.js')
        return { errors: [{ text: `the command line may import the public surface alone, not src/${name}` }] };
      return { path: `../node/${name}`, external: true };
    });
  },
};

/** Readable, for stack traces; minified it would load a tenth faster. */
const common = {
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  absWorkingDir: root,
  logLevel: 'warning',
  chunkNames: '[name]-[hash]',
};

for (const folder of ['dist/node', 'dist/cli']) rmSync(resolve(root, folder), { recursive: true, force: true });
await build({ ...common, entryPoints: ['src/index.ts', 'src/node.ts'], outdir: 'dist/node' });
await build({ ...common, entryPoints: ['cli/main.ts'], outdir: 'dist/cli', plugins: [libraryOutside] });
