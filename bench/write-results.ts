import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// The compiled files lie in dist/bench, the results in bench.
const here = fileURLToPath(new URL('.', import.meta.url));

/** The folder `bench` of the sources, from there or from what was compiled. */
export const benchFolder = here.includes(join('dist', 'bench'))
  ? fileURLToPath(new URL('../../bench', import.meta.url))
  : here;

/** `NAME-node-20`, then Node's own options and the number of threads: what figures depend on. */
export function resultName(name: string, numThreads: number): string {
  const flags = process.execArgv.map((flag) => flag.replace(/^-/, '').replace(/[^\w-]/g, '-')).join('');
  return `${name}-node-${process.versions.node.split('.')[0]}${flags}-threads-${numThreads}`;
}

/** Writes a file, by default to bench/results. @returns its path */
export function writeResult(fileName: string, text: string, folder = join(benchFolder, 'results')): string {
  const path = join(folder, fileName);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

/** A Markdown table whose first column is text and whose others are numbers. */
export function markdownTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(headings), line(headings.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}
