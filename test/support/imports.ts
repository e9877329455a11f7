import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the project. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** The paths of the TypeScript files in a folder and those inside it, from the project's root. */
export function typescriptIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((file) => !file.includes('node_modules'));
}

/** What a file imports, types included: a path from the project's root, or `bare` a module's name. */
export function importsOf(file: string): { target: string; bare: boolean }[] {
  const text = readFileSync(join(root, file), 'utf8');
  const found = [...text.matchAll(/(?:from|import\()\s*'([^']+)'/g)].map((match) => match[1]);
  return found.map((target) =>
    target.startsWith('.')
      ? { target: normalize(join(dirname(file), target)).replace(/\.js$/, '.ts'), bare: false }
      : { target, bare: true },
  );
}
