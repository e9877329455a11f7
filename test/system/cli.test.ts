import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { spelledNumbers } from '../../examples/spelled-numbers.js';
import { tideLevels } from '../../examples/tide-levels.js';
import { libraryVersion } from '../../src/index.js';
import { type Ended, expectFault, program, rondo, rondoHere, startRondo } from '../support/rondo.js';

const folder = mkdtempSync(join(tmpdir(), 'rondo-cli-'));
const at = (name: string): string => join(folder, name);
const run = (...args: string[]): Ended => rondo(folder, args);
const here = (...args: string[]): Promise<Ended> => rondoHere(folder, args);
const names = (): string[] => readdirSync(folder);

const forecastArgs = [
  'train',
  'forecast',
  'tides.csv',
  '--horizon',
  '5',
  '--timesteps',
  '26',
  '--units',
  '12',
  '--epochs',
  '3',
];
const textArgs = ['train', 'language-model', 'numbers.txt', '--units', '24', '--epochs', '2', '--timesteps', '20'];

beforeAll(() => {
  writeFileSync(at('tides.csv'), tideLevels({ hours: 400 }));
  writeFileSync(at('numbers.txt'), spelledNumbers({ limit: 300, repeats: 2 }).text);
  writeFileSync(at('two.csv'), `y,z\n${Array.from({ length: 60 }, (_, i) => `${(i * i) % 11},${i % 7}`).join('\n')}\n`);
  writeFileSync(at('empty.csv'), '');
  writeFileSync(at('nan.csv'), 'month,y\n2020-01,1\n2020-02,NaN\n2020-03,4\n');
  writeFileSync(at('latin1.txt'), Buffer.from('un caf\xe9 noir, s\xe9v\xe8re\n', 'latin1'));
  expect(run(...forecastArgs, '--out', 'tides.safetensors', '--quiet').stderr).toBe('');
  expect(run(...textArgs, '--out', 'numbers.safetensors', '--quiet').stderr).toBe('');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('wrong usage', () => {
  it('is told apart from faults, and the nearest name is suggested', async () => {
    expectFault(await here('trian', 'forecast'), 2, 'USAGE', 'did you mean `train forecast`');
    expectFault(await here('train'), 2, 'USAGE', '`train` needs to know what');
    expectFault(await here('train', 'forecst'), 2, 'USAGE', 'did you mean `train forecast`');
    expectFault(await here('generate', 'x', '--tempreture', '2'), 2, 'USAGE', 'did you mean `--temperature`');
    expectFault(await here(...forecastArgs, '--missing', 'interpolat'), 2, 'USAGE', 'did you mean `interpolate`');
  });
  it('names the value that is missing or impossible', async () => {
    expectFault(await here('train', 'forecast', 'tides.csv'), 2, 'USAGE', '--horizon is missing');
    expectFault(await here('train', 'forecast', 'tides.csv', '--horizon'), 2, 'USAGE', '--horizon needs a value');
    expectFault(
      await here('train', 'forecast', 'tides.csv', '--horizon', '--units', '3'),
      2,
      'USAGE',
      '--horizon needs a value',
    );
    expectFault(
      await here('train', 'forecast', 'tides.csv', '--horizon', '2.5'),
      2,
      'USAGE',
      'a whole number of at least 1',
    );
    expectFault(await here('train', 'forecast', '--horizon', '2'), 2, 'USAGE', 'something is missing');
    expectFault(
      await here('train', 'forecast', 'two.csv', '--horizon', '2'),
      2,
      'USAGE',
      "name one, for example: give `--target` 'z'",
    );
    expectFault(await here('inspect', 'a', 'b'), 2, 'USAGE', 'more than the command takes');
    expectFault(await here(...forecastArgs, '--quiet=yes'), 2, 'USAGE', '--quiet takes no value');
  });
  it('is what --help is for', () => {
    const overview = run('--help');
    expect(overview.code).toBe(0);
    for (const [, name] of overview.stdout.matchAll(/^ {2}(\S+(?: \S+)?) {2,}/gm)) {
      const help = run(...name.split(' '), '--help');
      expect(help.code).toBe(0);
      expect(help.stdout).toContain(`Usage: rondo ${name}`);
    }
    expect(run('train', '--help').stdout).toContain('train forecast');
  });
});

describe('a language model', () => {
  it('may be given texts to validate and to test on', async () => {
    writeFileSync(at('dev.txt'), spelledNumbers({ limit: 40, repeats: 1 }).text);
    const trained = run(
      ...textArgs,
      '--epochs',
      '1',
      '--dev',
      'dev.txt',
      '--test',
      'numbers.txt',
      '--out',
      'parts.safetensors',
      '--json',
    );
    expect(trained.stderr).toBe('');
    const { numValidationTokens, valLoss, test } = JSON.parse(trained.stdout) as {
      numValidationTokens: number;
      valLoss: number;
      test: { part: string; loss: number };
    };
    expect(numValidationTokens).toBe(Array.from(readFileSync(at('dev.txt'), 'utf8')).length);
    expect(test.part).toBe('all');
    expect(Math.abs(test.loss - valLoss)).toBeLessThan(1);
    expectFault(
      await here(...textArgs, '--dev', 'dev.txt', '--validation', '0.2', '--out', 'bad.safetensors'),
      2,
      'USAGE',
      'leave the share out',
    );
    expectFault(
      await here(...textArgs, '--tokenizer', 'numbers.txt', '--out', 'bad.safetensors'),
      1,
      'FILE_FORMAT',
      'the tokenizer is not JSON',
    );
  });
});

describe('bad data', () => {
  it('is refused with file, line and column', async () => {
    expectFault(
      await here('train', 'forecast', 'nan.csv', '--missing', 'error', '--horizon', '1', '--out', 'bad.safetensors'),
      1,
      'DATA_FORMAT',
      'nan.csv, line 3, column `y`',
    );
    expectFault(
      await here('train', 'forecast', 'empty.csv', '--horizon', '1', '--out', 'bad.safetensors'),
      1,
      'DATA_FORMAT',
      'empty.csv: the file holds no table',
    );
    expectFault(
      await here('train', 'language-model', 'latin1.txt', '--out', 'bad.safetensors'),
      1,
      'DATA_FORMAT',
      'not in UTF-8',
      'Windows-1252',
      'fix: set `--encoding` to windows-1252, or save the file as UTF-8',
    );
    expectFault(
      await here('train', 'language-model', 'absent.txt', '--out', 'bad.safetensors'),
      1,
      'FILE_ACCESS',
      'no such file',
    );
    expectFault(
      await here('train', 'forecast', 'tides.csv', '--target', 'levle', '--horizon', '1', '--out', 'bad.safetensors'),
      2,
      'UNKNOWN_NAME',
      'did you mean `level`',
    );
    expectFault(
      await here('train', 'forecast', 'tides.csv', '--horizon', '300', '--out', 'bad.safetensors'),
      1,
      'OUT_OF_RANGE',
      'too short for the horizon',
    );
    expectFault(
      await here('train', 'language-model', 'numbers.txt', '--cell', 'lsmt', '--out', 'bad.safetensors'),
      2,
      'USAGE',
      'did you mean `lstm`',
    );
    expect(names().filter((name) => name.startsWith('bad'))).toEqual([]);
  });
});

describe('a file that is not there', () => {
  const text = ['train', 'language-model', 'numbers.txt', '--out', 'bad.safetensors'];
  it.each([
    ['the data', ['train', 'language-model', 'absent', '--out', 'bad.safetensors']],
    ['a model', ['predict', 'absent', 'numbers.txt']],
    ...['--dev', '--test', '--init', '--tokenizer', '--vectors'].map((flag): [string, string[]] => [
      `${flag}`,
      [...text, flag, 'absent'],
    ]),
  ])('is a fault in the same words, whether it is %s', (_, args) => {
    const { code, stderr } = run(...args);
    expect([code, stderr.split('\n')[0], stderr.match(/fix: .*/)?.[0]]).toEqual([
      1,
      '[FILE_ACCESS] read absent: there is no such file.',
      'fix: correct the path.',
    ]);
  });
});

describe('vectors of words', () => {
  it('are refused for other tokens, by the flags', async () => {
    writeFileSync(at('vectors.txt'), 'one 1 2 3\ntwo 4 5 6\n');
    expectFault(
      await here(...textArgs, '--vectors', 'vectors.txt', '--tokens', 'bytes', '--out', 'bad.safetensors'),
      2,
      'USAGE',
      'rondo train language-model: `--vectors` of words have none for such tokens.',
      'fix: set `--tokens` to words, or leave `--vectors` out.',
    );
  });
});

describe('model files', () => {
  it('are refused where they are foreign, cut short or of another task', async () => {
    writeFileSync(at('short.safetensors'), readFileSync(at('tides.safetensors')).subarray(0, 2000));
    expectFault(await here('inspect', 'short.safetensors'), 1, 'FILE_FORMAT', 'short.safetensors');
    expectFault(await here('predict', 'tides.csv', 'tides.csv'), 1, 'FILE_FORMAT', 'tides.csv');
    expectFault(await here('generate', 'empty.csv'), 1, 'FILE_FORMAT', 'empty.csv');
    expectFault(await here('generate', 'absent.safetensors'), 1, 'FILE_ACCESS', 'no such file');
    expectFault(
      await here('predict', 'tides.safetensors', 'tides.csv', '--text', 'level'),
      2,
      'USAGE',
      '--text can be used with classifiers only',
    );
    expectFault(await here('generate', 'tides.safetensors'), 2, 'USAGE', 'a model of another task', 'languageModel');
    expectFault(await here('predict', 'tides.safetensors', 'nan.csv'), 1, 'UNKNOWN_NAME', 'no column `level`');
  });
  it('are never overwritten without a word', async () => {
    const before = readFileSync(at('tides.safetensors'));
    expectFault(
      await here(...forecastArgs, '--out', 'tides.safetensors'),
      1,
      'FILE_ACCESS',
      'tides.safetensors exists already',
      '--force',
    );
    expect(readFileSync(at('tides.safetensors')).equals(before)).toBe(true);
    expectFault(await here(...forecastArgs, '--out', 'nowhere/tides.safetensors'), 1, 'FILE_ACCESS', 'does not exist');
    expectFault(
      await here('train', 'forecast', 'tides.csv', '--out', 'new.safetensors', '--resume'),
      1,
      'FILE_ACCESS',
      'nothing to resume',
    );
  });
  it('are equal after equal commands', () => {
    run(...forecastArgs, '--out', 'again.safetensors', '--quiet', '--seed', '0');
    expect(readFileSync(at('again.safetensors')).equals(readFileSync(at('tides.safetensors')))).toBe(true);
    run(...forecastArgs, '--out', 'again.safetensors', '--quiet', '--seed', '1', '--force');
    expect(readFileSync(at('again.safetensors')).equals(readFileSync(at('tides.safetensors')))).toBe(false);
  });
  it('tell what they hold', () => {
    const { stdout } = run('inspect', 'numbers.safetensors');
    for (const part of [
      'rnn (RNN)',
      'language model of characters',
      'long short-term memory',
      'learning rate',
      'best epoch',
    ])
      expect(stdout).toContain(part);
    const facts = JSON.parse(run('inspect', 'tides.safetensors', '--json').stdout);
    expect(facts).toMatchObject({ task: 'forecast', isCheckpoint: false, architecture: { className: 'Sequential' } });
    expect(facts.sizeBytes).toBe(readFileSync(at('tides.safetensors')).length);
  });
});

describe('a diagnosis', () => {
  it('is shown after training, and leaves the model as it is', () => {
    const { stdout, code } = run(...forecastArgs, '--out', 'diagnosed.safetensors', '--diagnose');
    expect(code).toBe(0);
    for (const part of [
      'diagnosis: ',
      'gradient norm of each layer, log10',
      'update / weight: median',
      'gradients back in time',
      'a step on average',
      'candidate',
      'what to change',
    ])
      expect(stdout).toContain(part);
    expect(readFileSync(at('diagnosed.safetensors')).equals(readFileSync(at('tides.safetensors')))).toBe(true);
  });
  it('is part of the JSON document', () => {
    const { diagnosis } = JSON.parse(
      run(...textArgs, '--out', 'facts.safetensors', '--diagnose', '--json').stdout,
    ).outcome;
    expect(diagnosis.steps[0]).toBe(2);
    expect(diagnosis.recurrent[0]).toMatchObject({ cell: 'lstm', units: 24 });
    expect(diagnosis.recurrent[0].timeGradient.last.norms).toHaveLength(20);
  });
});

describe('a trained forecaster', () => {
  it('shows losses, a forecast and errors', () => {
    const { stdout, stderr, code } = run(...forecastArgs, '--out', 'shown.safetensors');
    expect(code).toBe(0);
    expect(stderr).toContain('epoch 3/3');
    for (const part of ['best epoch', 'saved shown.safetensors', 'seasonal-naive', 'MASE'])
      expect(stdout).toContain(part);
    expect(stdout).not.toContain('\x1b[');
    expect(names()).not.toContain('shown.checkpoint.safetensors');
  });
  it('forecasts from a file and from the standard input', () => {
    const { values, firstRow, target } = JSON.parse(run('predict', 'tides.safetensors', 'tides.csv', '--json').stdout);
    expect(values).toHaveLength(5);
    expect([firstRow, target]).toEqual([400, 'level']);
    for (const value of values) expect(value).toBeGreaterThan(0);
    const piped = rondo(folder, ['predict', 'tides.safetensors', '-', '--json'], readFileSync(at('tides.csv'), 'utf8'));
    expect(JSON.parse(piped.stdout).values).toEqual(values);
    expect(run('predict', 'tides.safetensors', 'tides.csv').stdout).toMatch(/^row +level\n400 /);
  });
  it('is measured on the rows that it has not seen', async () => {
    const report = JSON.parse(run('evaluate', 'tides.safetensors', 'tides.csv', '--json').stdout);
    expect(report).toMatchObject({ part: 'held out', rows: [320, 400], horizon: 5 });
    expect(report.errors.model.mae).toBeGreaterThan(0);
    expectFault(await here('evaluate', 'tides.safetensors', 'tides.csv', 'tides.csv'), 2, 'USAGE', 'one table');
  });
});

describe('a trained language model', () => {
  it('writes, repeatably', async () => {
    const first = run('generate', 'numbers.safetensors', '--prompt', '42 ', '--length', '30', '--seed', '5');
    expect(first.stdout.startsWith('42 ')).toBe(true);
    expect(first.stdout).toHaveLength(3 + 30 + 1);
    expect(run('generate', 'numbers.safetensors', '--prompt', '42 ', '--length', '30', '--seed', '5').stdout).toBe(
      first.stdout,
    );
    expect(
      '42 ' +
        JSON.parse(
          run('generate', 'numbers.safetensors', '--prompt', '42 ', '--length', '30', '--seed', '5', '--json').stdout,
        ).text +
        '\n',
    ).toBe(first.stdout);
    expectFault(
      await here('generate', 'numbers.safetensors', '--top-p', '2'),
      2,
      'OUT_OF_RANGE',
      'rondo generate: `--top-p` is out of range',
      'give `--top-p`',
    );
  });
  it('says what comes next and how likely a text is', () => {
    const { next, score } = JSON.parse(
      rondo(folder, ['predict', 'numbers.safetensors', '--json', '--top', '3'], '42 forty').stdout,
    );
    expect(next).toHaveLength(3);
    expect(score.logLikelihood).toBeLessThan(0);
    expect(score.numTokens).toBe(7);
  });
  it('is measured on the end that was held out', () => {
    expect(JSON.parse(run('evaluate', 'numbers.safetensors', 'numbers.txt', '--json').stdout)).toMatchObject({
      part: 'held out',
      numUnknown: 0,
    });
  });
});

describe('an interrupted training', () => {
  it('stops at Ctrl-C, says how to go on, and ends as if it had not been interrupted', async () => {
    const args = [
      'train',
      'language-model',
      'numbers.txt',
      '--units',
      '40',
      '--epochs',
      '25',
      '--timesteps',
      '20',
      '--dropout',
      '0.1',
    ];
    const { process: child, ended } = startRondo(folder, [...args, '--out', 'stopped.safetensors']);
    child.stderr!.once('data', () => child.kill('SIGINT'));
    const { code, stderr } = await ended;
    expect(code).toBe(130);
    expect(stderr).toContain('rondo train language-model numbers.txt --out stopped.safetensors --resume');
    expect(names()).toContain('stopped.checkpoint.safetensors');
    expect(names()).not.toContain('stopped.safetensors');
    expectFault(
      await here(...args, '--out', 'stopped.safetensors'),
      1,
      'FILE_ACCESS',
      'interrupted training',
      '--resume',
    );

    writeFileSync(at('changed.txt'), `${readFileSync(at('numbers.txt'), 'utf8')}1 one\n`);
    const changed = run('train', 'language-model', 'changed.txt', '--out', 'stopped.safetensors', '--resume');
    expect(changed.stderr).toContain('not the text of the interrupted training');

    expectFault(await here(...args, '--out', 'stopped.safetensors', '--resume', '--units', '3'), 2, 'USAGE', 'units 3');
    const resumed = run(...args, '--out', 'stopped.safetensors', '--resume', '--quiet');
    expect(resumed.stderr).toBe('');
    run(...args, '--out', 'whole.safetensors', '--quiet');
    expect(readFileSync(at('stopped.safetensors')).equals(readFileSync(at('whole.safetensors')))).toBe(true);
    expect(names()).not.toContain('stopped.checkpoint.safetensors');
  });
});

describe('--blas', () => {
  it('is refused with a fix where there is no such library', () => {
    process.env.RONDO_BLAS = '/nowhere/libblas.so';
    const ended = run('predict', 'tides.safetensors', 'tides.csv', '--blas');
    const without = JSON.parse(run('doctor', '--native', 'off', '--json').stdout);
    expect(without.machineCode).toMatchObject({ isUsed: false, reason: 'it was switched off.' });
    const examined = JSON.parse(run('doctor', '--json').stdout);
    delete process.env.RONDO_BLAS;
    expectFault(ended, 1, 'BACKEND_UNAVAILABLE', 'useBlas', 'fix: ');
    expect(examined.blas).toMatchObject({ found: { supported: false }, library: null });
  });
  it('serves the WebAssembly backend alone', async () => {
    expectFault(
      await here('predict', 'tides.safetensors', 'tides.csv', '--blas', '--backend', 'reference'),
      1,
      'BACKEND_UNAVAILABLE',
      'received: reference',
    );
  });
});

describe('an output that nobody reads', () => {
  it('ends a command quietly, as it ends other programs', async () => {
    const { process: child, ended } = startRondo(folder, ['generate', 'numbers.safetensors', '--length', '100000']);
    child.stdout!.once('data', () => child.stdout!.destroy());
    const { code, stderr } = await ended;
    expect(stderr).toBe('');
    expect(code).toBe(141);
  });
  it('does not end a training, which saves the same model', async () => {
    const { process: child, ended } = startRondo(folder, [...forecastArgs, '--out', 'unread.safetensors']);
    child.stdout!.destroy();
    child.stderr!.destroy();
    expect((await ended).code).toBe(0);
    expect(readFileSync(at('unread.safetensors')).equals(readFileSync(at('tides.safetensors')))).toBe(true);
  });
  it.skipIf(!existsSync('/dev/full'))(
    'is a fault where the disk is full, after a training that has saved its model',
    () => {
      const into = (...args: string[]): Ended => {
        const full = openSync('/dev/full', 'w');
        const { status, stderr } = spawnSync(process.execPath, [program, ...args], {
          cwd: folder,
          encoding: 'utf8',
          stdio: ['ignore', full, 'pipe'],
        });
        closeSync(full);
        return { code: status, stdout: '', stderr };
      };
      expectFault(
        into(...forecastArgs, '--out', 'full.safetensors', '--quiet'),
        1,
        'FILE_ACCESS',
        'standard output: it cannot be written to: the disk is full',
        'its files are written',
      );
      expect(readFileSync(at('full.safetensors')).equals(readFileSync(at('tides.safetensors')))).toBe(true);
      expectFault(
        into('inspect', 'tides.safetensors'),
        1,
        'FILE_ACCESS',
        'the disk is full',
        'the command ended there',
      );
    },
  );
});

describe('rondo --version', () => {
  it('says its version', () => {
    expect(run('--version')).toEqual({ code: 0, stdout: `rondo ${libraryVersion}\n`, stderr: '' });
  });
});
