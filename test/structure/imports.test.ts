import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importsOf, root, typescriptIn } from '../support/imports.js';

/** The rooms in the order data may flow: a room imports itself and rooms to its left. See docs/architecture.md. */
const order = [
  [
    'src/errors.ts',
    'src/shape.ts',
    'src/dtype.ts',
    'src/rounding.ts',
    'src/random.ts',
    'src/exponential.ts',
    'src/extremes.ts',
    'src/checksum.ts',
    'src/transposed.ts',
  ],
  ['src/counted.ts', 'src/made-from-file.ts', 'src/resolved.ts', 'src/symmetric-eigenvectors.ts'],
  ['src/truncated-svd.ts'],
  ['src/expression/'],
  ['src/cells/'],
  [
    'src/kernels/contract.ts',
    'src/kernels/acceleration.ts',
    'src/kernels/compressed-matrix.ts',
    'src/kernels/compress-matrix.ts',
    'src/kernels/convert.ts',
    'src/kernels/in-scope.ts',
    'src/kernels/matmul-batch.ts',
    'src/kernels/sequence/',
    'src/kernels/vector/',
    'src/kernels/machine-code.ts',
    'src/kernels/product-family.ts',
    'src/kernels/koffi.ts',
    'src/kernels/attention/',
  ],
  [
    'src/kernels/compressed-engine.ts',
    'src/kernels/reference/',
    'src/kernels/wasm/',
    'src/kernels/x64/',
    'src/kernels/blas/',
  ],
  [
    'src/kernels/wasm-instance.ts',
    'src/kernels/select.ts',
    'src/kernels/use-blas.ts',
    'src/kernels/use-machine-code.ts',
    'src/kernels/describe-host.ts',
  ],
  ['src/tensor/'],
  ['src/layers/'],
  ['src/training/'],
  ['src/data/', 'src/io/', 'src/tuning/'],
  ['src/compression/'],
  ['src/tasks/', 'src/long-memory/'],
  ['src/standalone/'],
  ['src/index.ts'],
  ['src/node.ts'],
  ['cli/', 'examples/', 'bench/'],
];

function roomOf(file: string): number {
  return order.findIndex((rooms) =>
    rooms.some((room) => file === room || (room.endsWith('/') && file.startsWith(room))),
  );
}

function sources(folder: string): string[] {
  return typescriptIn(folder).filter((file) => !file.endsWith('.test.ts'));
}

const files = ['src', 'cli', 'examples', 'bench'].flatMap(sources);

describe('the rooms of the project', () => {
  it('contain every source file', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(files.filter((file) => roomOf(file) < 0)).toEqual([]);
  });

  it('import only leftwards', () => {
    const wrong = files.flatMap((file) =>
      importsOf(file)
        .filter(({ target, bare }) => !bare && roomOf(target) > roomOf(file))
        .map(({ target }) => `${file} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('let the command line and the examples use the public surface alone', () => {
    const inside = files
      .filter((file) => /^(cli|examples)\//.test(file))
      .flatMap((file) =>
        importsOf(file)
          .filter(
            ({ target, bare }) =>
              !bare && target.startsWith('src/') && !['src/index.ts', 'src/node.ts'].includes(target),
          )
          .map(({ target }) => `${file} imports ${target}`),
      );
    expect(inside).toEqual([]);
  });

  it('let commands print through one place, which makes names and texts from files harmless', () => {
    const printing = files.filter(
      (file) => file.startsWith('cli/') && !['cli/output.ts', 'cli/terminal/progress.ts'].includes(file),
    );
    const wrong = printing.filter((file) =>
      /console\.|process\.std(out|err)\.write/.test(readFileSync(join(root, file), 'utf8')),
    );
    expect(wrong).toEqual([]);
  });

  it('keep Node modules out of what a browser loads', () => {
    const reached = new Set<string>();
    const visit = (file: string): void => {
      if (reached.has(file)) return;
      reached.add(file);
      for (const { target, bare } of importsOf(file)) if (!bare) visit(target);
    };
    visit('src/index.ts');
    const nodeImports = [...reached].flatMap((file) =>
      importsOf(file)
        .filter(({ target, bare }) => bare && target.startsWith('node:'))
        .map(({ target }) => `${file} imports ${target}`),
    );
    expect(nodeImports).toEqual([]);
  });

  it('hold no file longer than 460 lines, as the formatter breaks them', () => {
    const long = files
      .map((file) => ({ file, lines: readFileSync(join(root, file), 'utf8').split('\n').length }))
      .filter(({ lines }) => lines > 460);
    expect(long).toEqual([]);
  });

  it('hold no line longer than 140 characters, in comments, messages and patterns either', () => {
    const typescript = ['src', 'cli', 'bench', 'test', 'examples'].flatMap(typescriptIn);
    const long = typescript.flatMap((file) =>
      readFileSync(join(root, file), 'utf8')
        .split('\n')
        .flatMap((line, i) => (line.length > 140 ? [`${file}:${i + 1}`] : [])),
    );
    expect(long).toEqual([]);
  });
});
