import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blocksOf, documents, root } from '../support/documents.js';

/** A project of a user, who has installed the packed package and nothing else. */
const folder = mkdtempSync(join(tmpdir(), 'rondo-types-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function output(command: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${stderr}`);
  return stdout;
}

beforeAll(() => {
  const [{ filename }] = JSON.parse(
    output('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]),
  ) as { filename: string }[];
  const installed = join(folder, 'node_modules/rondo');
  mkdirSync(installed, { recursive: true });
  output('tar', ['-xzf', join(folder, filename), '-C', installed, '--strip-components=1']);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
});

const strict: ts.CompilerOptions = {
  noEmit: true,
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noImplicitOverride: true,
  skipLibCheck: false,
  target: ts.ScriptTarget.ES2022,
  typeRoots: [join(root, 'node_modules/@types')],
};
const page = { lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'], types: [] };
const node = { lib: ['lib.es2022.d.ts'], types: ['node'] };
const resolutions = {
  NodeNext: { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
  Bundler: { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler },
};
type Resolution = keyof typeof resolutions;

/** What TypeScript finds wrong with programs of the user's folder, each by its name. */
function faultsOf(
  programs: Readonly<Record<string, string>>,
  resolution: Resolution,
  options: ts.CompilerOptions,
): string[] {
  for (const [name, text] of Object.entries(programs)) writeFileSync(join(folder, name), text);
  const files = Object.keys(programs).map((name) => join(folder, name));
  const program = ts.createProgram(files, { ...strict, ...resolutions[resolution], ...options });
  return ts.getPreEmitDiagnostics(program).map(({ file, start = 0, messageText }) => {
    const place =
      file && `${file.fileName.replace(`${folder}/`, '')}:${file.getLineAndCharacterOfPosition(start).line + 1}`;
    return `${place} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}

const everything = "import * as rondo from 'rondo';\nexport const library = rondo;\n";
const everythingOfNode = "import * as files from 'rondo/node';\nexport const functions = files;\n";

/** What only looks at layers as a user writes them show: a list of layers, and options that may be undefined. */
const layers = `
import { Bidirectional, Dense, LSTM, Sequential, type FitOptions } from 'rondo';
export function build(units: number | undefined, signal: AbortSignal | undefined): [Sequential, FitOptions] {
  const model = new Sequential([
    new Bidirectional({ layer: new LSTM({ units: units ?? 5, dropout: undefined, inputShape: [7, 3] }) }),
    new Dense({ units: 2, activation: undefined }),
  ]);
  return [model, { epochs: undefined, signal }];
}
`;

/** Each line marked with what the compiler must refuse; those without a mark it must take. */
const names = `
import { Dense, LSTM, losses, metrics, optimizers, schedules, Sequential } from 'rondo';
declare module 'rondo' {
  interface RegisteredLosses {
    fourthPower: true;
  }
  interface RegisteredMetrics {
    worst: true;
  }
}
const model = new Sequential([new LSTM({ units: 5, activation: 'softsign', kernelRegularizer: 'l2' }), new Dense({ units: 2 })]);
model.compile({ optimizer: 'adam', loss: 'mse', metrics: ['accuracy', 'f1'] });
model.compile({ optimizer: 'adamw', loss: { a: 'fourthPower', b: 'huber' }, metrics: { a: ['worst'], b: [metrics.auc()] } });
declare const read: string;
model.compile({ optimizer: optimizers.optimizerNamed(read), loss: losses.lossNamed(read), metrics: [metrics.metricNamed(read)] });
optimizers.adam({ learningRate: schedules.scheduleFromConfig({ name: read, config: {} }) });
// @ts-expect-error
model.compile({ optimizer: 'adma', loss: 'mse' });
// @ts-expect-error
model.compile({ optimizer: 'adam', loss: 'meanSquaredEror' });
// @ts-expect-error
model.compile({ optimizer: 'adam', loss: { a: 'meanSquaredEror' } });
// @ts-expect-error
model.compile({ optimizer: 'adam', loss: 'mse', metrics: ['acuracy'] });
// @ts-expect-error
model.compile({ optimizer: read, loss: 'mse' });
// @ts-expect-error
new LSTM({ units: 5, activation: 'tahn' });
// @ts-expect-error
new LSTM({ units: 5, recurrentActivation: 'sigmiod' });
// @ts-expect-error
new Dense({ units: 5, activation: 'rleu' });
// @ts-expect-error
new Dense({ units: 5, kernelInitializer: 'glorot' });
// @ts-expect-error
new Dense({ units: 5, kernelRegularizer: 'l3' });
// @ts-expect-error
new Dense({ units: 5, kernelConstraint: 'maxnorm' });
// @ts-expect-error
optimizers.adam({ learningRate: 'cosine' });
`;

describe('names', () => {
  it('that there are not do not compile; those that a program adds do', () => {
    expect(faultsOf({ 'names.ts': names }, 'Bundler', page)).toEqual([]);
  });
});

describe('the declarations of the package', () => {
  it('say of every option of a task what it is for', () => {
    const types = ['LanguageModelOptions', 'ClassifierOptions', 'TaggerOptions', 'ForecastOptions'];
    const file = join(folder, 'options.ts');
    writeFileSync(
      file,
      `import type * as rondo from 'rondo';\n${types.map((type) => `export declare const of${type}: rondo.${type};\n`).join('')}`,
    );
    const program = ts.createProgram([file], { ...strict, ...resolutions.NodeNext, ...node });
    const checker = program.getTypeChecker();
    const options = checker
      .getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)!)!)
      .flatMap((one) => checker.getTypeOfSymbol(one).getProperties());
    expect(options.length).toBeGreaterThan(100);
    const silent = options.filter((option) => option.getDocumentationComment(checker).length === 0);
    expect(silent.map(({ name }) => name)).toEqual([]);
  });

  it('are without fault for a bundler, in a page, without the types of Node', () => {
    expect(faultsOf({ 'everything.ts': everything, 'layers.ts': layers }, 'Bundler', page)).toEqual([]);
  });

  it('are without fault in Node, without those of pages', () => {
    const programs = { 'everything.ts': everything, 'node.ts': everythingOfNode, 'layers.ts': layers };
    expect(faultsOf(programs, 'NodeNext', node)).toEqual([]);
  });
});

describe('the programs of the documents', () => {
  // A worker's globals are not those of a page; both kinds use what pages have too.
  it('are without fault under the strictest options', () => {
    const programs = documents.flatMap((file) =>
      blocksOf(file)
        .filter(({ language }) => /^ts\b/.test(language))
        .map(({ text }, i) => [`${file.replace(/\W+/g, '-')}-${i + 1}.ts`, `${text}\nexport {};\n`] as const),
    );
    expect(programs.length).toBeGreaterThan(10);
    expect(faultsOf(Object.fromEntries(programs), 'Bundler', { lib: page.lib, types: ['node'] })).toEqual([]);
  });
});
