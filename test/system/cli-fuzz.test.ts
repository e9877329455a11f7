import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commands } from '../../cli/commands/index.js';
import type { OptionSpec, OptionSpecs } from '../../cli/options.js';
import { Random } from '../../src/random.js';
import { drawValue } from '../../src/tuning/search-space.js';
import { rondoHere } from '../support/rondo.js';

const before = process.cwd();
const folder = mkdtempSync(join(tmpdir(), 'rondo-fuzz-'));
afterAll(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a command line in this process, and gives how it ended with all that it printed. */
async function ended(args: readonly string[]): Promise<{ code: number | null; printed: string }> {
  const { code, stdout, stderr } = await rondoHere('.', args);
  return { code, printed: stdout + stderr };
}

const texts = Array.from({ length: 24 }, (_, i) => `${i % 2 ? 'good' : 'bad'} film ${i % 5},${i % 2 ? 'pos' : 'neg'}`);
const days = Array.from(
  { length: 40 },
  (_, i) => `${new Date(864e5 * (19_000 + i)).toISOString().slice(0, 10)},${10 + (i % 7)},${i % 3}`,
);
const animals = Array.from({ length: 14 }, (_, i) => `${String.fromCharCode(97 + i)}ox`);
const words = animals.map((word) => `The\tDET\n${word}\tNOUN\n\n`);
const trees = animals.map((word) => `1\tThe\tthe\tDET${'\t_'.repeat(6)}\n2\t${word}\tcat\tNOUN${'\t_'.repeat(6)}\n\n`);

/** Good files of every kind; all others are made from them. */
const files: Record<string, string> = {
  'texts.csv': ['text,label', ...texts, ''].join('\n'),
  'days.csv': ['day,sales,open', ...days, ''].join('\n'),
  'lines.txt': 'the cat sat on the mat\n'.repeat(30),
  'words.tsv': words.join(''),
  'trees.conllu': trees.join(''),
  'vectors.txt': '2 3\ngood 1 0 2\nbad 0 1 2\n',
};

const small = ['--epochs', '1', '--max-epochs', '1', '--units', '3', '--threads', '1'];
const trainings: Record<string, readonly string[]> = {
  classify: ['texts.csv', '--embedding-units', '3', '--max-epochs', '1'],
  forecast: ['days.csv', '--target', 'sales', '--horizon', '2', '--max-epochs', '1'],
  tag: ['words.tsv', '--word-units', '3', '--character-units', '3', '--max-epochs', '1'],
  'language-model': ['lines.txt', '--embedding-units', '3'],
};
const trainOf = (task: string): string[] => [
  'train',
  task,
  ...trainings[task],
  ...small.filter((_, i) => task !== 'language-model' || (i !== 2 && i !== 3)),
];

const optionsOf: Record<string, OptionSpecs> = {};

beforeAll(async () => {
  for (const [name, load] of Object.entries(commands)) optionsOf[name] = (await load()).options;
  process.chdir(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(name, text);
  for (const task of Object.keys(trainings)) {
    const model = `${task}.safetensors`;
    const { code, printed } = await ended([...trainOf(task), '--out', model]);
    expect(code, printed).toBe(0);
    expect(existsSync(model)).toBe(true);
  }
  mkdirSync('folder');
  writeFileSync('empty', '');
  writeFileSync(
    'binary',
    Uint8Array.from({ length: 999 }, (_, i) => (i * 7919) % 256),
  );
  mkdirSync('search');
  writeFileSync('search/search.json', '{"task":"classify","trials":');
  for (const name of [...Object.keys(files), ...Object.keys(trainings).map((task) => `${task}.safetensors`)]) {
    const bytes = readFileSync(name);
    for (const [i, share] of [0.03, 0.4, 0.97].entries())
      writeFileSync(`cut${i}-${name}`, bytes.subarray(0, Math.floor(share * bytes.length)));
  }
});

const absurdNumbers = [
  '0',
  '-1',
  '1',
  '1e308',
  '-1e-308',
  'NaN',
  'Infinity',
  '',
  ' ',
  '0x10',
  '2.5',
  '1e21',
  '99999999999',
];
const absurdTexts = [
  '',
  ' ',
  '-',
  ',',
  '=',
  'none',
  '\u0000',
  '\u001b[31mred\u0007',
  '__proto__',
  'constructor',
  'x'.repeat(4000),
  '\ud800',
  '🙂',
];
const absurdFiles = ['folder', 'missing', 'binary', 'empty', '/dev/null', 'folder/missing', 'search'];
/** How long a command runs is what these say: a large value is no fault. */
const lasting = ['epochs', 'max-epochs', 'steps-per-epoch', 'length', 'full-rate-epochs', 'patience'];

/** The words beside the options, as a command wants them; some are exchanged. */
const wanted: Record<string, readonly (readonly string[])[]> = {
  ...Object.fromEntries(
    Object.keys(trainings).flatMap((task) => [
      [`train ${task}`, [[trainings[task][0]]]],
      // Without --resume, of what cannot be resumed, a search would start processes.
      [`tune ${task}`, [[trainings[task][0], '--resume', '--out', 'search']]],
    ]),
  ),
  generate: [['language-model.safetensors', '--length', '3']],
  predict: Object.entries(trainings).map(([task, [file]]) => [`${task}.safetensors`, file]),
  evaluate: Object.entries(trainings).map(([task, [file]]) => [`${task}.safetensors`, file]),
  explain: [
    ['classify.safetensors', 'texts.csv', '--limit', '1'],
    ['classify.safetensors', 'good film'],
  ],
  robustness: [['classify.safetensors', 'texts.csv', '--rates', '0.5']],
  compress: Object.keys(trainings).map((task) => [`${task}.safetensors`, '--force']),
  inspect: Object.keys(trainings).map((task) => [`${task}.safetensors`]),
  vectors: [
    ['vectors.txt', 'good'],
    ['vectors.txt', 'good', 'bad', 'good'],
  ],
};

const numCommands = 150;

function commandLines(seed: number): string[][] {
  const random = new Random(seed);
  const pick = <T>(list: readonly T[]): T => list[random.integer(list.length)];
  const present = readdirSync('.');
  const anyFile = (): string => pick([...present, ...absurdFiles]);
  /** What the entry of the option says that it takes; of a text it says nothing. */
  const takenBy = ({ type, choices, word, search }: OptionSpec): string => {
    if (choices !== undefined) return pick(choices);
    if (typeof search === 'object') return String(drawValue(search, random));
    if (word !== undefined && random.uniform() < 0.3) return word;
    return type === 'number' ? String(random.integer(10) / 10) : String(1 + random.integer(3));
  };
  const valueOf = (name: string, spec: OptionSpec): string => {
    const isText = spec.type === 'text' || spec.type === 'texts';
    if (random.uniform() < 0.7 && (!isText || spec.choices !== undefined)) return takenBy(spec);
    if (isText) return pick([pick(absurdTexts), anyFile(), pick(absurdNumbers), 'text', 'label', 'sales', 'day']);
    return pick(lasting.includes(name) ? absurdNumbers.slice(0, 8) : absurdNumbers);
  };
  return Array.from({ length: numCommands }, () => {
    const name = pick(Object.keys(wanted));
    const isSearch = name.startsWith('tune ');
    const left = ['blas', 'help', 'backend', ...(isSearch ? ['out', 'force'] : [])];
    const specs = Object.entries(optionsOf[name]).filter(([option]) => !left.includes(option));
    const mayChange = (word: string): boolean => !word.startsWith('--') && word !== 'search';
    const words = pick(wanted[name]).map((word) => (mayChange(word) && random.uniform() < 0.08 ? anyFile() : word));
    const isTraining = name.startsWith('train ');
    const base = isTraining
      ? [...trainOf(name.slice(6)).slice(3), '--out', `made-${random.integer(3)}.safetensors`]
      : [];
    const drawn = Array.from({ length: 1 + random.integer(2) }, () => pick(specs)).flatMap(([option, spec]) =>
      spec.type === 'flag' ? [`--${option}`] : [`--${option}=${valueOf(option, spec)}`],
    );
    return [...name.split(' '), ...words, ...base, ...drawn];
  });
}

describe('a command line drawn at random', () => {
  it('ends in an answer or in a coded error, and in none that is a defect of this program', async () => {
    const faults: string[] = [];
    const codes = new Map<string, number>();
    for (const args of commandLines(6)) {
      const { code, printed } = await ended(args).catch((error: unknown) => ({ code: -1, printed: String(error) }));
      const said = /^\[([A-Z_]+)\]/m.exec(printed)?.[1] ?? 'none';
      codes.set(said, (codes.get(said) ?? 0) + 1);
      const isCoded = code === 0 ? true : said !== 'none' && said !== 'INTERNAL';
      // What a model writes goes to a pipe as it is, its prompt too.
      const isText = args[0] === 'generate' && code === 0;
      const isClean = !/^ {4}at /m.test(printed) && (isText || !/[\u0000\u0007\u001b]/.test(printed));
      if (!isCoded || !isClean)
        faults.push(
          `rondo ${args.map((arg) => JSON.stringify(arg.slice(0, 60))).join(' ')}\n  ${code}: ${printed.slice(-300)}`,
        );
    }
    expect(faults.join('\n')).toBe('');
    // Most draws must go further than the reading of the command line, else they show nothing.
    expect(codes.get('none') ?? 0).toBeGreaterThan(numCommands / 10);
    expect(codes.get('USAGE') ?? 0).toBeLessThan((2 * numCommands) / 3);
  });
});
