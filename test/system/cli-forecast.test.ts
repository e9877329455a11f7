import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { expectFault, rondo, rondoHere } from '../support/rondo.js';

const folder = mkdtempSync(join(tmpdir(), 'rondo-forecast-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const run = (...args: string[]): ReturnType<typeof rondo> => rondo(folder, args);
const here = (...args: string[]): ReturnType<typeof rondoHere> => rondoHere(folder, args);

const days = Array.from({ length: 130 }, (_, i) => new Date(Date.UTC(2023, 0, 30 + i)).toISOString().slice(0, 10));
const lines = days.map(
  (day, i) =>
    `${day.slice(8)}.${day.slice(5, 7)}.${day.slice(0, 4)},${(30 + 4 * Math.sin(i / 3) + (i % 7)).toFixed(2)}`,
);
const write = (name: string, rows: readonly string[]): void =>
  writeFileSync(join(folder, name), `${rows.join('\n')}\n`);
const small = ['--epochs', '1', '--units', '3', '--timesteps', '9', '--quiet'];

describe('a forecast with dates', () => {
  write('rising.csv', ['Tag,Umsatz', ...lines]);
  write('falling.csv', ['Tag,Umsatz', ...[...lines].reverse()]);
  write('total.csv', ['Tag,Umsatz', ...lines.filter((_, i) => i !== 40), 'Summe,4000']);

  it('is the same whichever end of the file is the newest, and carries its dates', () => {
    const trained = run('train', 'forecast', 'falling.csv', '--horizon', '4', ...small, '--out', 'falling.safetensors');
    expect(trained.stdout).toContain(
      'time Tag (DD.MM.YYYY), every 1 day: 30.01.2023 to 08.06.2023\n  the rows stood with the newest first and ' +
        'were turned over',
    );
    const answers = ['falling.csv', 'rising.csv'].map((file) =>
      JSON.parse(run('predict', 'falling.safetensors', file, '--json').stdout),
    );
    expect(answers[0].times).toEqual(['09.06.2023', '10.06.2023', '11.06.2023', '12.06.2023']);
    expect(answers[1].values).toEqual(answers[0].values);
    expect(answers[0].notes).toHaveLength(1);
    expect(run('predict', 'falling.safetensors', 'rising.csv').stdout).toMatch(/^Tag +Umsatz\n09\.06\.2023 /);
    expect(run('evaluate', 'falling.safetensors', 'rising.csv').stdout).toContain(' to 08.06.2023');
  });

  it('says what it did to the rows', () => {
    const { stdout, stderr } = run('predict', 'falling.safetensors', 'total.csv');
    expect(stderr).toContain('1 row without a time (line 131: "Summe") left out');
    expect(stderr).toContain('1 stamp missing after 10.03.2023: rows were added, and are not scored');
    expect(stdout).toContain('09.06.2023');
  });

  it('is refused where the dates can be read in two ways, with the flag that decides', async () => {
    write('unclear.csv', [
      'day,y',
      ...Array.from({ length: 12 }, (_, i) => `${String(i + 1).padStart(2, '0')}/02/2023,${i % 5}`),
    ]);
    expectFault(
      await here('train', 'forecast', 'unclear.csv', '--horizon', '1', '--out', 'no.safetensors'),
      1,
      'DATA_FORMAT',
      'unclear.csv, line 2, column `day`',
      '--time-format',
      'DD/MM/YYYY',
    );
    write('impossible.csv', ['day,y', ...lines.slice(0, 40), '31.02.2023,4']);
    expectFault(
      await here('train', 'forecast', 'impossible.csv', '--horizon', '1', '--out', 'no.safetensors'),
      1,
      'DATA_FORMAT',
      'impossible.csv, line 42',
      'with `--time-format`',
    );
  });
});

describe('what was told of the file of the training', () => {
  write('bare.csv', lines);
  write(
    'three.csv',
    lines.map((line) => `${line},1`),
  );
  writeFileSync(join(folder, 'latin.csv'), Buffer.from(['Tag,Umsätze', ...lines].join('\n'), 'latin1'));

  it('is kept in the model file, used by every command, and said', async () => {
    run(
      'train',
      'forecast',
      'bare.csv',
      '--columns',
      'Tag,Umsatz',
      '--horizon',
      '4',
      ...small,
      '--out',
      'bare.safetensors',
    );
    const [bare, named] = ['bare.csv', 'rising.csv'].map((file) => run('predict', 'bare.safetensors', file));
    expect(bare.stderr).toBe('read with --columns Tag,Umsatz, as in training\n');
    // A file with a line of names needs none.
    expect(named).toEqual({ ...bare, stderr: '' });
    expect(run('evaluate', 'bare.safetensors', 'bare.csv').stderr).toContain('as in training');
    expect(run('inspect', 'bare.safetensors').stdout).toContain('file      read with --columns Tag,Umsatz');
    expectFault(
      await here('predict', 'bare.safetensors', 'three.csv'),
      1,
      'DATA_FORMAT',
      'read with --columns Tag,Umsatz, as in training: give --columns',
    );
  });

  it('is its encoding too', () => {
    run(
      'train',
      'forecast',
      'latin.csv',
      '--encoding',
      'windows-1252',
      '--horizon',
      '4',
      ...small,
      '--out',
      'latin.safetensors',
    );
    expect(run('predict', 'latin.safetensors', 'latin.csv').stdout).toMatch(/^Tag +Umsätze\n09\.06\.2023 /);
  });
});

describe('new rows that are fewer than the horizon', () => {
  it('are counted, and said not to be measured', () => {
    write('later.csv', ['Tag,Umsatz', ...lines, '09.06.2023,31', '10.06.2023,32', '11.06.2023,33']);
    run('train', 'forecast', 'rising.csv', '--horizon', '4', ...small, '--out', 'rising.safetensors');
    const { stdout, stderr } = run('evaluate', 'rising.safetensors', 'later.csv');
    expect(stderr).toContain('3 new rows not measured: a forecast of 4 steps needs at least 4 (1 more)');
    expect(stdout).toMatch(/^These are the errors on the rows that were held out in training\./);
  });
});

describe('a forecast', () => {
  it('has no likeliest answers to be shown', async () => {
    run('train', 'forecast', 'rising.csv', '--horizon', '4', ...small, '--out', 'top.safetensors');
    expectFault(
      await here('predict', 'top.safetensors', 'rising.csv', '--top', '3'),
      2,
      'USAGE',
      '--top is for language',
    );
  });
});

describe('a series that is too short', () => {
  it('names the flags that make room', async () => {
    expectFault(
      await here('train', 'forecast', 'rising.csv', '--horizon', '100', '--out', 'no.safetensors'),
      1,
      'OUT_OF_RANGE',
      'too short for the horizon',
      '`--horizon`',
      '`--timesteps`',
      '`--validation`',
      '`--test`',
    );
  });
});

describe('a forecast of several series', () => {
  write('stacked.csv', ['shop,Tag,Umsatz', ...[11, 12].flatMap((shop) => lines.map((line) => `${shop},${line}`))]);

  it('is asked for by a flag, and answers for each', async () => {
    expectFault(
      await here('train', 'forecast', 'stacked.csv', '--horizon', '3', '--out', 'shops.safetensors'),
      1,
      'DATA_FORMAT',
      'stacked.csv, line 132',
      "`--series` 'shop'",
    );
    const trained = run(
      'train',
      'forecast',
      'stacked.csv',
      '--series',
      'shop',
      '--horizon',
      '3',
      ...small,
      '--out',
      'shops.safetensors',
    );
    expect(trained.stdout).toContain('260 rows in 2 series; target Umsatz');
    const { series } = JSON.parse(run('predict', 'shops.safetensors', 'stacked.csv', '--json').stdout);
    expect(series.map(({ name, times }: { name: string; times: string[] }) => [name, times[0]])).toEqual([
      ['11', '09.06.2023'],
      ['12', '09.06.2023'],
    ]);
    const { stdout } = run('inspect', 'shops.safetensors');
    expect(stdout).toContain(
      'time      Tag (DD.MM.YYYY), every 1 day\nseries    shop: 2 (11; 12)\ntrained   on 260 rows; season',
    );
    write('elsewhere.csv', ['shop,Datum,Wert', '11,01.01.2024,3', '11,02.01.2024,4']);
    expectFault(
      await here('predict', 'shops.safetensors', 'elsewhere.csv'),
      1,
      'UNKNOWN_NAME',
      'no column `Tag`, `Umsatz`, which the model was trained with',
      'or say with `--time` where the times are',
    );
    write('twice.csv', [
      'shop,kind,Tag,Umsatz',
      ...['a', 'b'].flatMap((kind) => lines.map((line) => `11,${kind},${line}`)),
    ]);
    expectFault(
      await here('predict', 'shops.safetensors', 'twice.csv'),
      1,
      'DATA_FORMAT',
      'train a model anew with --series shop,kind',
    );
  });
});

describe('series that are too short for the network, and new ones', () => {
  it('are forecast by their base alone, which every command says', () => {
    const of = (shop: string, count: number): string[] => lines.slice(0, count).map((line) => `${shop},${line}`);
    write('uneven.csv', ['shop,Tag,Umsatz', ...of('long', 130), ...of('short', 11), ...of('tiny', 2)]);
    const given = ['--series', 'shop', '--horizon', '4', '--validation', '0', '--test', '0.2', '--base', 'naive'];
    const trained = run(
      ...['train', 'forecast', 'uneven.csv', ...given, '--forecast-with', 'model', ...small],
      ...['--out', 'uneven.safetensors'],
    );
    const alone =
      '2 of 3 series are too short for the network and forecast by the base alone: short (the last value), tiny ' +
      '(the last value)';
    expect(trained.stdout).toContain(alone);
    expect(trained.stdout).toContain('too few rows to measure a forecast of: tiny\n');

    const answer = JSON.parse(run('predict', 'uneven.safetensors', 'uneven.csv', '--json').stdout);
    expect(answer.notes).toEqual([alone]);
    const last = (count: number): number => Number(lines[count - 1].split(',')[1]);
    expect(answer.series.map(({ values }: { values: number[] }) => values[3])).toEqual([
      expect.not.closeTo(last(130), 3),
      last(11),
      last(2),
    ]);

    write('later.csv', ['shop,Tag,Umsatz', ...of('short', 40), ...of('new', 100), ...of('newer', 3)]);
    expect(run('predict', 'uneven.safetensors', 'later.csv').stderr).toContain(
      'not there in training, so base and scale are chosen by their own rows: new, newer\n',
    );
    const shown = JSON.parse(run('evaluate', 'uneven.safetensors', 'later.csv', '--json').stdout);
    expect(shown.series.map(({ name, rows }: { name: string; rows: number[] }) => [name, rows])).toEqual([
      ['short', [11, 40]],
      ['new', [80, 100]],
    ]);
    expect(shown.notes).toEqual([
      '1 of 2 series is too short for the network and forecast by the base alone: short (the last value)',
      'not there in training, so base and scale are chosen by the rows before those measured: new',
      'too few rows to measure a forecast of: newer',
    ]);
  });
});

describe('a file that forecasts with a baseline in place of its model', () => {
  it('is described by that in every command', () => {
    // Steps of chance: no network is ahead of the last value.
    let level = 500;
    const steps = Array.from({ length: 150 }, (_, i) => (level += ((i * 7919) % 101) - 50));
    write('steps.csv', ['y', ...steps.map(String)]);
    const trained = run(
      'train',
      'forecast',
      'steps.csv',
      '--horizon',
      '5',
      '--base',
      'mean',
      ...small,
      '--out',
      'steps.safetensors',
      '--json',
    );
    const { findings, verdict } = JSON.parse(trained.stdout);
    expect(findings.instead).not.toBeNull();
    const shown = run('evaluate', 'steps.safetensors', 'steps.csv').stdout;
    expect(shown).toContain('(forecasts)');
    expect(shown).toContain('model (not used)');
    expect(shown.trimEnd().split('\n').at(-1)).toBe(verdict);
    expect(JSON.parse(run('evaluate', 'steps.safetensors', 'steps.csv', '--json').stdout)).toMatchObject({
      forecastsWith: findings.instead,
      verdict,
    });
    expect(run('inspect', 'steps.safetensors').stdout).toContain('in place of the model');
  });

  it('gets no hint at more epochs, though its network had a share', () => {
    // A wave that the network learns, and that ends where the held-out rows begin.
    const wave = Array.from(
      { length: 300 },
      (_, i) => 50 + 10 * Math.sin((2 * Math.PI * i) / 9) + ((i * 7919) % 13) / 9,
    );
    write('ends.csv', ['y', ...wave.map((value, i) => (i < 240 ? value : 90 + (i % 2) / 100).toFixed(3))]);
    const args = ['train', 'forecast', 'ends.csv', '--horizon', '5', '--base', 'mean', '--epochs', '1', '--json'];
    const learns = ['--units', '8', '--timesteps', '18', '--learning-rate', '0.02', '--out', 'ends.safetensors'];
    const { findings, hints } = JSON.parse(run(...args, ...learns).stdout);
    expect(findings.share).toBeGreaterThan(0);
    expect(findings.instead).not.toBeNull();
    expect(hints).toEqual([]);
  });

  it('is not measured on rows of the training, though the file ends earlier', () => {
    const [heading, ...rows] = readFileSync(join(folder, 'steps.csv'), 'utf8').trim().split('\n');
    write('begun.csv', [heading, ...rows.slice(0, 120)]);
    const shown = run('evaluate', 'steps.safetensors', 'begun.csv').stdout;
    expect(shown).toContain('holds no new rows to measure');
    expect(shown).toContain('held out in training');
    write('longer.csv', [
      heading,
      ...rows.slice(20),
      ...Array.from({ length: 30 }, (_, i) => String(400 + ((i * 37) % 11))),
    ]);
    const { numSeenRows, rows: measured } = JSON.parse(
      run('evaluate', 'steps.safetensors', 'longer.csv', '--json').stdout,
    );
    expect([numSeenRows, measured]).toEqual([130, [130, 160]]);
  });
});

describe('a network that is left out of the forecasts', () => {
  it('is not to be trained longer, and advice on its training says that it changes nothing', () => {
    // Noise about a level: nothing to learn beside the mean.
    let seed = 1;
    const noise = Array.from({ length: 160 }, () => (seed = (seed * 16807) % 2147483647) / 2147483647);
    write('noise.csv', ['y', ...noise.map((value) => (20 + 9 * value).toFixed(2))]);
    const given = ['train', 'forecast', 'noise.csv', '--horizon', '5', '--base', 'mean', ...small, '--diagnose'];
    const { findings, hints } = JSON.parse(run(...given, '--out', 'noise.safetensors', '--json').stdout);
    expect([findings.share, hints]).toEqual([0, []]);
    const { stdout } = run(...given, '--out', 'noise-2.safetensors');
    expect(stdout).not.toContain('hint:');
    expect(stdout).toContain('the network is left out, so none of this changes the forecasts');
  });
});
