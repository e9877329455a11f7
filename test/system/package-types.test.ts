import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Analysis, checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { libraryCells } from '../../src/cells/registry.js';
import { blocksOf, documents, root } from '../support/documents.js';

/** A project of a user, who has installed the packed package and nothing else. */
const folder = mkdtempSync(join(tmpdir(), 'rondo-types-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function output(command: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${stderr}`);
  return stdout;
}

let tarball: Uint8Array<ArrayBuffer>;

beforeAll(() => {
  const [{ filename }] = JSON.parse(
    output('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]),
  ) as { filename: string }[];
  tarball = new Uint8Array(readFileSync(join(folder, filename)));
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
import {
  activationNamed, cellNamed, defineCell, Dense, LSTM, libraryCells, losses, metrics, ops, optimizers, RNN, schedules,
  Sequential, tensor, type ClassifierOptions, WordFeatures,
} from 'rondo';
// @ts-expect-error: those of expressions are no operations of tensors, and stand apart.
import { sigmoid } from 'rondo';
export { sigmoid };
const plain = defineCell({ name: 'plain', gates: ['new'], states: ['memory'], step: ({ gates }) => ({ memory: gates.new }) });
declare module 'rondo' {
  interface RegisteredCells {
    plain: typeof plain;
    other: true;
  }
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
new RNN({ cell: 'lstm', units: 5 });
new RNN({ cell: plain, units: 5 });
new RNN({ cell: 'other', units: 5 });
new RNN({ cell: cellNamed(read), units: 5 });
new RNN({ cell: ['gru', plain, { cell: 'plain', units: 3 }], units: 5 });
for (const { name } of libraryCells) new RNN({ cell: name, units: 5 });
libraryCells.includes(plain);
export const options: ClassifierOptions = { cell: cellNamed(read).name };
ops.activate(activationNamed(read), tensor([1]));
// @ts-expect-error
new RNN({ cell: 'lsmt', units: 5 });
// @ts-expect-error
new RNN({ cell: ['gru', 'lsmt'], units: 5 });
// @ts-expect-error
new RNN({ cell: ['gru', { cell: 'lsmt' }], units: 5 });
// @ts-expect-error
new RNN({ cell: read, units: 5 });
// @ts-expect-error
export const misspelt: ClassifierOptions = { cell: 'lsmt' };
// @ts-expect-error
new WordFeatures({ words: 9, wordUnits: 4, characters: 9, cell: 'lsmt' });
// @ts-expect-error
ops.activate('rleu', tensor([1]));
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

/** States by name, as results, where a layer begins, and in options. Marked as {@link names}. */
const states = `
import { Bidirectional, cellNamed, defineCell, GRU, input, LSTM, RNN, type Tensor, tensor } from 'rondo';
const leaky = defineCell({
  name: 'leaky',
  gates: ['leak', 'candidate'],
  states: ['memory'],
  vectors: { decay: 'ones' },
  gateVectors: { gain: 'ones' },
  step: ({ gates, states }) => ({ memory: gates.leak, output: states.memory }),
});
const x = tensor([[[1]]]);
const edge = input({ shape: [null, 1] });
export const names: ['leak' | 'candidate', 'memory'] = [leaky.gates[0]!, leaky.states[0]!];
export const vectors = [leaky.vectors.decay, leaky.vectors.gainLeak, leaky.equations().next.memory];
const own = new RNN({ cell: leaky, units: 3, returnState: true, zoneout: { memory: 0.1 } });
const named = new RNN({ cell: 'lstm', units: 3, returnState: true });
const lstm = new LSTM({ units: 3, returnState: true, zoneout: { cell: 0.1 } });
const either: 'lstm' | 'gru' = Math.random() > 0.5 ? 'lstm' : 'gru';
export const values: Tensor[] = [
  own.apply(x).states[0].memory,
  named.apply(x, { initialState: named.apply(x).states }).states[0].cell,
  lstm.apply(x, { initialState: named.apply(x).states[0] }).states[0].hidden,
  new GRU({ units: 3, returnState: true }).apply(x).states[0].hidden,
  new RNN({ cell: cellNamed('lstm'), units: 3, returnState: true }).apply(x).states[0].cell,
  new Bidirectional({ layer: lstm }).apply(x).forward[0].cell,
  // Types do not know which state is of which of several cells, nor those of a name that is any text.
  new RNN({ cell: either, units: 3, returnState: true }).apply(x).states[0].hidden!,
  new RNN({ cell: ['lstm', 'gru'], units: 3, returnState: true }).apply(x).states[1]!.hidden!,
  new RNN({ cell: cellNamed(either as string), units: 3, returnState: true }).apply(x).states[0]!.hidden!,
];
lstm.apply(edge, { initialState: lstm.apply(edge).states });
// @ts-expect-error
leaky.vectors.gainHidden;
// @ts-expect-error
leaky.equations().next.memry;
// @ts-expect-error
own.apply(x).states[0].memry;
// @ts-expect-error
own.apply(x).states[1].memory;
// @ts-expect-error
named.apply(x).states[0].hiden;
// @ts-expect-error
lstm.apply(x).states[0].hiden;
// @ts-expect-error
lstm.apply(edge).states[0].hiden;
// @ts-expect-error
new Bidirectional({ layer: lstm }).apply(x).backward[0].hiden;
// @ts-expect-error
lstm.apply(x, { initialState: { hidden: x, cel: x } });
// @ts-expect-error
lstm.apply(x, { initialState: { hidden: x } });
// @ts-expect-error
named.apply(edge, { initialState: { hidden: edge, cel: edge } });
// @ts-expect-error
own.apply(x, { initialState: lstm.apply(x).states });
// @ts-expect-error
new LSTM({ units: 3, zoneout: { hiden: 0.1 } });
// @ts-expect-error
new RNN({ cell: 'lstm', units: 3, zoneout: { hiden: 0.1 } });
`;

/** What an editor offers where a program of the user's folder goes on. */
function completionsAfter(text: string): string[] {
  const file = join(folder, 'completed.ts');
  const host: ts.LanguageServiceHost = {
    getCompilationSettings: () => ({ ...strict, ...resolutions.Bundler, ...page }),
    getScriptFileNames: () => [file],
    getScriptVersion: () => '1',
    getScriptSnapshot: (name) => {
      const written = name === file ? text : ts.sys.readFile(name);
      return written === undefined ? undefined : ts.ScriptSnapshot.fromString(written);
    },
    getCurrentDirectory: () => folder,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: ts.sys.fileExists,
    readFile: ts.sys.readFile,
    directoryExists: ts.sys.directoryExists,
  };
  const found = ts.createLanguageService(host).getCompletionsAtPosition(file, text.length, undefined);
  return found?.entries.map(({ name }) => name) ?? [];
}

describe('names', () => {
  it('that there are not do not compile, of states neither; those that a program adds do', () => {
    const programs = { 'names.ts': names, 'states.ts': states };
    expect(faultsOf(programs, 'Bundler', { ...page, skipLibCheck: true })).toEqual([]);
  });

  it('of cells are what an editor offers', () => {
    const program = "import { RNN } from 'rondo';\nnew RNN({ units: 5, cell: '";
    expect(completionsAfter(program).sort()).toEqual(libraryCells.map(({ name }) => name).sort());
  });
});

/** Members that only the library itself may use, and what it alone makes. Marked as {@link names}. */
const inside = `
import { input, ModelStream, Sequential, Tensor, tensor } from 'rondo';
const model = new Sequential([]);
const edge = input({ shape: [3] });
export const shown = [edge.node.layer.name, model.random.uniform(), tensor([1]) instanceof Tensor];
// @ts-expect-error
tensor([1]).hostNumbers();
// @ts-expect-error
model.requireCompiled('fit');
// @ts-expect-error
model.numOutputs;
// @ts-expect-error
new Tensor();
// @ts-expect-error
new Tensor([1], undefined);
// @ts-expect-error
new ModelStream();
`;

describe('the declarations of the package', () => {
  it('hold nothing that is for the library itself alone', () => {
    const declared = join(folder, 'node_modules/rondo/dist');
    const files = readdirSync(declared, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.d.ts'));
    expect(files.length).toBeGreaterThan(300);
    expect(files.filter((name) => readFileSync(join(declared, name), 'utf8').includes('@internal'))).toEqual([]);
    expect(faultsOf({ 'inside.ts': inside }, 'Bundler', { ...page, skipLibCheck: true })).toEqual([]);
  });

  it('say of every option of a task what it is for', () => {
    const types = [
      'LanguageModelOptions',
      'ClassifierOptions',
      'TaggerOptions',
      'ForecastOptions',
      'TranslatorOptions',
    ];
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

describe('the tarball', () => {
  it('has nothing that publint would change', async () => {
    expect((await publint({ strict: true, pack: { tarball: tarball.buffer } })).messages).toEqual([]);
  });

  it('has its types where every way to resolve modules looks for them', async () => {
    const { problems } = (await checkPackage(createPackageFromTarballData(tarball))) as Analysis;
    // Resolution of before `exports`, and programs in CommonJS, are out of reach of a package of modules.
    const outOfReach: readonly unknown[] = ['node10', 'node16-cjs'];
    const found = problems.filter(
      (problem) => !('resolutionKind' in problem && outOfReach.includes(problem.resolutionKind)),
    );
    expect(found).toEqual([]);
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
