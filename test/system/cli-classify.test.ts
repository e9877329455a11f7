import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/index.js';
import { madeReviews } from '../support/made-reviews.js';
import { type Ended, expectFault, rondo, rondoHere, startRondo } from '../support/rondo.js';

const folder = mkdtempSync(join(tmpdir(), 'rondo-classify-'));
const at = (name: string): string => join(folder, name);
const run = (...args: string[]): Ended => rondo(folder, args);
const here = (...args: string[]): Promise<Ended> => rondoHere(folder, args);
const json = (...args: string[]) => JSON.parse(run(...args, '--json').stdout);

const small = [
  '--units',
  '12',
  '--embedding-units',
  '9',
  '--min-count',
  '1',
  '--dropout',
  '0.1',
  '--token-dropout',
  '0',
  '--learning-rate',
  '0.02',
];
const columns = ['--text', 'review', '--label', 'verdict'];
const trainArgs = ['train', 'classify', 'reviews.csv', ...columns, ...small, '--epochs', '8'];

const { texts, labels } = madeReviews(500);
const cell = (text: string): string => `"${text.replaceAll('"', '""')}"`;
const csv = (rows: readonly (readonly string[])[]): string => rows.map((row) => row.map(cell).join(',')).join('\n');

beforeAll(() => {
  writeFileSync(at('reviews.csv'), csv([['review', 'verdict'], ...texts.map((text, i) => [text, labels[i]])]));
  writeFileSync(
    at('reviews.jsonl'),
    texts
      .slice(0, 120)
      .map((text, i) => JSON.stringify({ review: text, verdict: labels[i] }))
      .join('\n'),
  );
  writeFileSync(
    at('reviews.txt'),
    texts
      .slice(0, 120)
      .map((text, i) => `${labels[i]}:fine ${text}`)
      .join('\n'),
  );
  writeFileSync(
    at('made.positive'),
    texts
      .filter((_, i) => labels[i] === 'positive')
      .slice(0, 50)
      .join('\n'),
  );
  writeFileSync(
    at('made.negative'),
    texts
      .filter((_, i) => labels[i] === 'negative')
      .slice(0, 50)
      .join('\n'),
  );
  texts.slice(0, 120).forEach((text, i) => {
    mkdirSync(at(`mail/${labels[i]}`), { recursive: true });
    writeFileSync(at(`mail/${labels[i]}/${i}.txt`), text);
  });
  writeFileSync(
    at('other.csv'),
    csv([['review', 'verdict'], ...madeReviews(60, 5).texts.map((text, i) => [text, madeReviews(60, 5).labels[i]])]),
  );
  writeFileSync(
    at('gaps.csv'),
    csv([
      ['review', 'verdict'],
      ['good', 'positive'],
      ['', 'negative'],
      ['bad', 'negative'],
    ]),
  );
  writeFileSync(
    at('strange.csv'),
    csv([
      ['review', 'verdict'],
      ['good', 'positive'],
      ['so so', 'neutral'],
    ]),
  );
  writeFileSync(
    at('one.csv'),
    csv([
      ['text', 'label'],
      ['a', 'x'],
      ['b', 'x'],
    ]),
  );
  writeFileSync(at('latin1.csv'), Buffer.from('text,label\ncaf\xe9,x\n', 'latin1'));
  expect(run(...trainArgs, '--out', 'reviews.safetensors', '--quiet').stderr).toBe('');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('rondo train classify', () => {
  it('says how the texts are split, and reports on those held out', () => {
    const { stdout, stderr, code } = run(...trainArgs, '--out', 'shown.safetensors', '--epochs', '2');
    expect(code).toBe(0);
    expect(stderr).toContain('epoch 2/2');
    for (const part of [
      'split by class with seed 0, texts that read alike together',
      '2 classes: negative',
      'expected calibration error',
      'held out: ',
      'macro F1',
      'precision',
      'confusion: true class by row',
      'rondo explain shown.safetensors',
    ])
      expect(stdout).toContain(part);
    expect(stdout).not.toContain('\x1b[');
    expect(readdirSync(folder)).not.toContain('shown.checkpoint.safetensors');
  });

  it('begins with the model of --init, and says what it took', () => {
    const begin = ['--init', 'reviews.safetensors', '--epochs', '1', '--out', 'more.safetensors', '--force'];
    const init = (...more: string[]): Ended => run('train', 'classify', 'other.csv', ...columns, ...begin, ...more);
    expect(init('--quiet').stdout).toContain('parameters of reviews.safetensors\n');
    const facts = JSON.parse(init('--json').stdout);
    expect(facts.options).toMatchObject({ units: 12, embeddingUnits: 9 });
    expect(facts.beginning).toMatchObject({ anew: [], unknown: { numUnknown: 0 } });
    expectFault(init('--units', '13'), 2, 'USAGE', 'decided by the model that training begins with', 'units 12');
    expectFault(init('--resume'), 2, 'USAGE', '--init and --resume');
  });

  it('reads JSON lines, labelled lines, folders of classes and files of classes', () => {
    const quick = [...small, '--epochs', '1', '--json', '--force', '--out', 'quick.safetensors'];
    const sizes = (...args: string[]) => {
      const { data, labels: classes } = JSON.parse(run('train', 'classify', ...args, ...quick).stdout);
      return [classes, data.numTraining + data.numValidation + data.numTest];
    };
    expect(sizes('reviews.jsonl', ...columns)).toEqual([['negative', 'positive'], 120]);
    expect(sizes('reviews.txt', '--format', 'lines', '--label-until', ':')).toEqual([['negative', 'positive'], 120]);
    expect(sizes('mail')).toEqual([['negative', 'positive'], 120]);
    expect(sizes('made.positive', 'made.negative', '--format', 'class-files')).toEqual([['negative', 'positive'], 100]);
    expect(sizes('reviews.csv', ...columns, '--dev', 'other.csv', '--test', 'other.csv')[1]).toBe(620);
    expect(sizes('reviews.csv', 'other.csv', ...columns)[1]).toBe(560);
  });

  it('gives equal files for equal commands, and a split that the seed of the training does not move', () => {
    run(...trainArgs, '--out', 'again.safetensors', '--quiet', '--seed', '0');
    expect(readFileSync(at('again.safetensors')).equals(readFileSync(at('reviews.safetensors')))).toBe(true);
    const { data } = json(...trainArgs, '--out', 'seeded.safetensors', '--seed', '3', '--epochs', '1');
    expect(data.fingerprint).toBe(json('inspect', 'reviews.safetensors').preprocessing.data.fingerprint);
  });

  it('refuses data it cannot learn from, with file, line and what to do', async () => {
    const fault = async (args: readonly string[], exitCode: number, code: string, ...parts: string[]): Promise<void> =>
      expectFault(await here('train', 'classify', ...args, '--out', 'bad.safetensors'), exitCode, code, ...parts);
    await fault(['reviews.csv'], 2, 'USAGE', 'reviews.csv has no column "text"', 'say with `--text`');
    await fault(['reviews.csv', '--text', 'reveiw'], 2, 'UNKNOWN_NAME', 'did you mean `review`');
    await fault(['one.csv'], 1, 'DATA_FORMAT', 'one.csv, line 2: there are not two classes');
    await fault(['gaps.csv', ...columns], 1, 'DATA_FORMAT', 'gaps.csv, line 3: the text is empty', 'skip');
    await fault(
      ['latin1.csv'],
      1,
      'DATA_FORMAT',
      'not in UTF-8',
      'Windows-1252',
      'fix: set `--encoding` to windows-1252, or save the file as UTF-8',
    );
    await fault(['reviews.txt'], 2, 'USAGE', 'the name does not tell');
    await fault(
      ['reviews.csv', '--text', 'review'],
      2,
      'USAGE',
      'that of the labels must be named',
      'say with `--label`',
    );
    await fault(
      ['reviews.csv', ...columns, '--test', 'strange.csv'],
      1,
      'UNKNOWN_NAME',
      'strange.csv, line 3',
      '`neutral`',
    );
    await fault(
      ['reviews.csv', ...columns, '--class-weight', 'positive'],
      2,
      'USAGE',
      '--class-weight cannot be understood',
    );
    await fault(['reviews.csv', ...columns, '--cell', 'lsmt'], 2, 'USAGE', 'did you mean `lstm`');
    await fault(['reviews.txt', '--format', 'texts'], 2, 'USAGE', 'without labels');
    await fault(['reviews.csv', ...columns, '--pooling', 'atention'], 2, 'USAGE', 'did you mean `attention`');
    await fault([], 2, 'USAGE', 'something is missing');
    expect(readdirSync(folder).filter((name) => name.startsWith('bad'))).toEqual([]);
  });

  it('stops at Ctrl-C, and ends after --resume as if it had not', async () => {
    const args = [
      'train',
      'classify',
      'reviews.csv',
      ...columns,
      ...small,
      '--epochs',
      '6',
      '--patience',
      '9',
      '--units',
      '40',
    ];
    const { process: child, ended } = startRondo(folder, [...args, '--out', 'stopped.safetensors']);
    child.stderr!.once('data', () => child.kill('SIGINT'));
    const { code, stderr } = await ended;
    expect(code).toBe(130);
    expect(stderr).toContain(
      'rondo train classify reviews.csv --text review --label verdict --out stopped.safetensors --resume',
    );
    expectFault(
      await here('train', 'classify', 'reviews.csv', '--out', 'stopped.safetensors', '--resume', '--units', '3'),
      2,
      'USAGE',
      'units 3',
    );
    expect(run('train', 'classify', 'reviews.csv', '--out', 'stopped.safetensors', '--resume', '--quiet').stderr).toBe(
      '',
    );
    run(...args, '--out', 'whole.safetensors', '--quiet');
    expect(readFileSync(at('stopped.safetensors')).equals(readFileSync(at('whole.safetensors')))).toBe(true);
  });
});

describe('a trained classifier', () => {
  it('says the class of each line of the standard input, and of each row of a table', async () => {
    const piped = rondo(folder, ['predict', 'reviews.safetensors', '-'], 'the film was good\nthe film was not good\n');
    expect(piped.stdout).toMatch(
      /^positive \d\.\d{3} +the film was good\nnegative \d\.\d{3} +the film was not good\n$/,
    );
    const { predictions } = json('predict', 'reviews.safetensors', 'other.csv');
    expect(predictions).toHaveLength(60);
    expect(predictions[0].place).toBe('other.csv, line 2');
    expect(predictions[0].probabilities.positive + predictions[0].probabilities.negative).toBeCloseTo(1, 6);
    expectFault(
      await here('predict', 'reviews.safetensors', 'gaps.csv', '--empty', 'error'),
      1,
      'DATA_FORMAT',
      'gaps.csv, line 3',
    );
    expect(
      json('predict', 'reviews.safetensors', 'gaps.csv').predictions.map(
        ({ label }: { label: string | null }) => label,
      ),
    ).toEqual(['positive', null, 'negative']);
    expect(
      json('predict', 'reviews.safetensors', 'gaps.csv', '--empty', 'skip').predictions.map(
        ({ place }: { place: string }) => place,
      ),
    ).toEqual(['gaps.csv, line 2', 'gaps.csv, line 4']);
  });

  it('predicts one line for each line, empty ones too, with numbers where they are asked for', () => {
    const { stdout, stderr } = rondo(
      folder,
      ['predict', 'reviews.safetensors', '-', '--number'],
      'the film was good\r\n\n \nawful\n',
    );
    expect(stdout.split('\n').map((line) => line.replace(/ \d\.\d{3}/, ''))).toEqual([
      '1  positive  the film was good',
      '2',
      '3',
      '4  negative  awful',
      '',
    ]);
    expect(stderr).toBe('2 of 4 texts are empty and have no class.\n');
    // Before the first text and after the last one, too.
    const of = (...more: string[]) =>
      rondo(folder, ['predict', 'reviews.safetensors', '-', '--json', ...more], '\nthe film was good\n\n');
    const placesOf = (ended: Ended): [place: string, label: string | null][] =>
      JSON.parse(ended.stdout).predictions.map(({ place, label }: { place: string; label: string | null }) => [
        place.replace('standard input, ', ''),
        label,
      ]);
    expect(placesOf(of())).toEqual([
      ['line 1', null],
      ['line 2', 'positive'],
      ['line 3', null],
    ]);
    expect(placesOf(of('--empty', 'skip'))).toEqual([['line 2', 'positive']]);
    expectFault(of('--empty', 'error'), 1, 'DATA_FORMAT', 'standard input, line 1: the text is empty, the first of');
  });

  it('predicts a text that is given itself, and takes what looks like the name of a file for one', async () => {
    expect(run('predict', 'reviews.safetensors', 'the film was not good').stdout).toMatch(
      /^negative 0\.\d{3} {2}the film was not good\n$/,
    );
    for (const name of ['nofile.csv', 'no file.csv', 'texts/nofile']) {
      expectFault(
        await here('predict', 'reviews.safetensors', name),
        1,
        'FILE_ACCESS',
        'there is no such file',
        `rondo predict reviews.safetensors -`,
      );
      expectFault(await here('explain', 'reviews.safetensors', name), 1, 'FILE_ACCESS', 'there is no such file');
    }
  });

  it('cannot be made to steer the terminal by the texts', () => {
    const { stdout } = rondo(folder, ['predict', 'reviews.safetensors', '-'], 'good \x1b[31mred\x07\n');
    expect(stdout).not.toContain('\x1b');
    expect(run('explain', 'reviews.safetensors', 'good \x1b[31mred').stdout).not.toContain('\x1b');
  });

  it('is measured on what it has not seen, with the columns it was trained with', async () => {
    const report = json('evaluate', 'reviews.safetensors', 'reviews.csv');
    expect(report).toMatchObject({ part: 'held out', numTexts: 50 });
    expect(report.accuracy).toBeGreaterThan(0.8);
    expect(json('evaluate', 'reviews.safetensors', 'other.csv')).toMatchObject({ part: 'all', numTexts: 60 });
    expect(
      json('evaluate', 'reviews.safetensors', 'reviews.txt', '--format', 'lines', '--label-until', ':').numTexts,
    ).toBe(120);
    expectFault(
      await here('evaluate', 'reviews.safetensors', 'strange.csv'),
      1,
      'UNKNOWN_NAME',
      'strange.csv, line 3',
      'neutral',
    );
    expect(run('evaluate', 'reviews.safetensors', 'reviews.csv').stdout).toContain(
      'only the part that was held out is measured',
    );
  });

  it('says how many words it does not know, where it predicts and where it explains', () => {
    const note = '2 of 3 words are not in the vocabulary: the model sees all such as one.\n';
    expect(run('predict', 'reviews.safetensors', 'zzz good unknownword').stderr).toBe(note);
    expect(run('explain', 'reviews.safetensors', 'zzz good unknownword').stderr).toBe(note);
    expect(run('predict', 'reviews.safetensors', 'good').stderr).toBe('');
    const [prediction] = json('predict', 'reviews.safetensors', 'zzz good unknownword').predictions;
    expect(prediction).toMatchObject({ numTokens: 3, numUnknown: 2 });
  });

  it('is not split where its parts are given', async () => {
    const refused = async (flag: string, ...args: string[]): Promise<void> =>
      expectFault(
        await here(
          'train',
          'classify',
          'reviews.csv',
          '--text',
          'review',
          '--label',
          'verdict',
          ...args,
          '--out',
          'idle.safetensors',
        ),
        2,
        'USAGE',
        `\`--${flag}\` would change nothing`,
      );
    await refused('dev-share', '--dev', 'other.csv', '--dev-share', '0.3');
    await refused('test-share', '--test', 'other.csv', '--test-share', '0.4');
    await refused('split-seed', '--dev', 'other.csv', '--test', 'other.csv', '--split-seed', '4');
    await refused('split-seed', '--dev', 'other.csv', '--test-share', '0', '--split-seed', '4');
  });

  it('says again whether it beats what needs no network', () => {
    // What is written says nothing of the class, of which 60 % are one.
    const random = new Random(12);
    const drawn = (numTexts: number): string =>
      Array.from({ length: numTexts }, () => {
        const words = Array.from({ length: 5 }, () => `w${Math.floor(random.uniform() * 30)}`).join(' ');
        return `${words},${random.uniform() < 0.6 ? 'yes' : 'no'}`;
      }).join('\n');
    writeFileSync(at('guess.csv'), `text,label\n${drawn(200)}\n`);
    writeFileSync(at('guess-more.csv'), `text,label\n${drawn(90)}\n`);
    writeFileSync(at('guess-test.csv'), `text,label\n${drawn(50)}\n`);
    const tiny = ['--epochs', '1', '--max-epochs', '1', '--units', '3', '--learning-rate', '0.000001', '--force'];
    for (const [given, measured] of [
      [[], 'guess.csv'],
      [['--test', 'guess-test.csv'], 'guess-test.csv'],
    ] as const) {
      const trained = json('train', 'classify', 'guess.csv', ...tiny, '--out', 'guess.safetensors', ...given);
      const again = json('evaluate', 'guess.safetensors', measured);
      expect(again.accuracy).toBe(trained.report.accuracy);
      expect(again.baseline).toEqual(trained.baseline);
      expect(again.verdict).toBe(trained.verdict);
      const shown = run('evaluate', 'guess.safetensors', measured).stdout;
      expect(shown).toMatch(/always the commonest class [\d.]+ %, naive Bayes [\d.]+ %/);
    }
    const other = json('evaluate', 'guess.safetensors', 'guess-more.csv');
    expect(other.baseline.naiveBayes).toBeNull();
    expect(other.baseline.numDistinct).toBe(90);
    expect(other.baseline.majority).toBe(
      other.classes.find(({ label }: { label: string }) => label === 'yes').support / 90,
    );
    expect(run('evaluate', 'guess.safetensors', 'guess-more.csv').stdout).toMatch(
      /always (saying )?the commonest class/,
    );
  });

  it('tells what it is', async () => {
    const { stdout } = run('inspect', 'reviews.safetensors');
    for (const part of [
      '2 classes: negative',
      'words, lower-cased',
      'pooling',
      '--text review --label verdict',
      'calibrated by temperature',
      'best epoch',
    ])
      expect(stdout).toContain(part);
    expectFault(await here('generate', 'reviews.safetensors'), 2, 'USAGE', 'a model of another task');
  });

  it('explains its decisions in the terminal and as a page of its own', async () => {
    const { stdout } = run(
      'explain',
      'reviews.safetensors',
      'the <b>film</b> was awful & "long"',
      '--html',
      'why.html',
    );
    expect(stdout).toMatch(/^negative \d\.\d{3}\n.*\[awful \+/);
    const page = readFileSync(at('why.html'), 'utf8');
    expect(page).toContain('&lt;</span>');
    expect(page).not.toMatch(/<b>|<script|https?:|<link|@import/);
    const { explanations } = json(
      'explain',
      'reviews.safetensors',
      'other.csv',
      '--method',
      'occlusion',
      '--limit',
      '3',
    );
    expect(explanations).toHaveLength(3);
    expect(explanations[0].tokens[0]).toMatchObject({ start: 0 });
    expectFault(await here('explain', 'reviews.safetensors', ' '), 1, 'DATA_FORMAT', 'the text is empty');
    expectFault(
      await here('explain', 'reviews.safetensors', 'a', '--class', 'positiv'),
      2,
      'UNKNOWN_NAME',
      'did you mean `positive`',
    );
    expectFault(await here('explain', 'reviews.safetensors'), 2, 'USAGE', 'something is missing');
  });

  it('is measured under slips of a writer', async () => {
    const report = json('robustness', 'reviews.safetensors', 'reviews.csv', '--rates', '0.2,0.5');
    expect(report).toMatchObject({ part: 'held out', numTexts: 50 });
    expect(report.rows).toHaveLength(12);
    expect(run('robustness', 'reviews.safetensors', 'other.csv', '--rates', '0.2').stdout).toMatch(
      /swapped letters +20\.0 %/,
    );
    expectFault(
      await here('robustness', 'reviews.safetensors', 'other.csv', '--rates', '2'),
      2,
      'USAGE',
      '--rates cannot be understood',
    );
  });
});
