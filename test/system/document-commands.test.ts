import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { commands } from '../../cli/commands/index.js';
import { commonOptions } from '../../cli/options.js';
import { parseArguments } from '../../cli/parse-arguments.js';
import { blocksOf, codeSpansOf, documents, root } from '../support/documents.js';
import { madeReviews } from '../support/made-reviews.js';
import { hangGuardMs, program } from '../support/rondo.js';

const parent = mkdtempSync(join(tmpdir(), 'rondo-document-commands-'));
afterAll(() => rmSync(parent, { recursive: true, force: true }));

/** Sentences in CoNLL-U, all of them different. */
const sentences = (count: number): string =>
  Array.from({ length: count }, (_, i) => {
    const words = [
      ['They', 'PRON'],
      ...Array.from({ length: i % 4 }, () => ['often', 'ADV']),
      [`sleep${'abcdefghij'[Math.floor(i / 4)]}`, 'VERB'],
      ['.', 'PUNCT'],
    ];
    return words
      .map(([word, tag], at) => [at + 1, word, word, tag, ...Array.from({ length: 6 }, () => '_')].join('\t'))
      .join('\n');
  }).join('\n\n');
const line = 'ROMEO:\nBut soft, what light through yonder window breaks?\n\n';
const { texts, labels } = madeReviews(60);
const vectors = ['river', 'stream', 'good', 'bad', 'the'].map((word, i) => [word, i, 1 - i, 0.5, i * i].join(' '));
const hours = Array.from({ length: 400 }, (_, hour) => [
  new Date(Date.UTC(2024, 0, 1, hour)).toISOString().slice(0, 16).replace('T', ' '),
  (50 + 20 * Math.sin(hour / 3.82) + ((hour * 7) % 11)).toFixed(2),
]);

const days = Array.from({ length: 90 }, (_, day) => new Date(Date.UTC(2024, 0, 1 + day)).toISOString().slice(0, 10));

/** What the documents call files of the reader's own, made small. */
const files: Readonly<Record<string, string>> = {
  'shakespeare.txt': line.repeat(60),
  'sonnets.txt': 'Shall I compare thee to a summers day?\n'.repeat(20),
  'reviews.csv': ['review,label', ...texts.map((text, i) => `"${text}",${labels[i]}`)].join('\n'),
  'en-train.conllu': `${sentences(40)}\n\n`,
  'en-dev.conllu': `${sentences(5)}\n\n`,
  'en-test.conllu': `${sentences(6)}\n\n`,
  'glove.6B.100d.txt': `${vectors.join('\n')}\n`,
  'shops.csv': [
    'shop,day,sales',
    ...['north', 'south'].flatMap((shop, s) => days.map((day, i) => `${shop},${day},${20 + 60 * s + (i % 7)}.5`)),
  ].join('\n'),
  ...Object.fromEntries(
    ['train', 'val', 'test'].flatMap((part) => [
      [`${part}.de`, 'zwei Hunde spielen im Schnee\nein Mann liest ein Buch\n'.repeat(20)],
      [`${part}.en`, 'two dogs play in the snow\na man reads a book\n'.repeat(20)],
    ]),
  ),
  'dictionary.tsv': ['read\tR IY D', 'red\tR EH D', 'recur\tR IH K ER', 'rent\tR EH N T']
    .join('\n')
    .concat('\n')
    .repeat(20),
  'power.csv': ['time,load', ...hours.map((row) => row.join(','))].join('\n'),
};

/** Training as the document says, but short: of an option that is given twice the last counts. */
function shortened(command: string): string {
  if (/rondo (train|distill) /.test(command)) return `${command} --epochs 1 --units 4 --force`;
  if (/rondo tune /.test(command)) return `${command} --epochs 1 --trials 2`;
  if (/rondo tasks /.test(command)) return `${command} --steps 25 --units 4`;
  return command;
}

function commandsOf(file: string): string[] {
  return blocksOf(file)
    .filter(({ language }) => language === '' || language === 'sh')
    .flatMap(({ text }) => text.replace(/\\\n/g, ' ').split('\n'))
    .filter((command) => /(^|\| )(npx )?rondo [a-z]/.test(command));
}

describe('the commands that documents show', () => {
  const shown = documents.map((file) => [file, commandsOf(file)] as const).filter(([, list]) => list.length > 0);

  it('are found', () => {
    expect(shown.map(([file]) => file)).toEqual(expect.arrayContaining(['README.md', 'docs/text.md']));
  });

  // One after the other in one folder, since a command reads what the one before it wrote.
  it.each(shown)('in %s run', (file, list) => {
    const folder = mkdtempSync(join(parent, 'document-'));
    symlinkSync(join(root, 'examples'), join(folder, 'examples'));
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    const shell = `rondo() { "${process.execPath}" "${program}" "$@"; }; npx() { "$@"; };`;
    for (const command of list) {
      const { status, stdout, stderr } = spawnSync('sh', ['-c', `${shell} ${shortened(command)}`], {
        cwd: folder,
        encoding: 'utf8',
        timeout: hangGuardMs,
      });
      expect(status, `${file}: ${command}\n${stdout}\n${stderr}`).toBe(0);
    }
  });
});

describe('the commands that documents name in passing', () => {
  const spans = documents.flatMap((file) =>
    codeSpansOf(file)
      .filter((code) => /^(npx )?rondo [a-z]/.test(code))
      .map((code) => [file, code] as const),
  );
  const names = Object.keys(commands);

  it.each(spans)('%s: `%s` exists, with its options', async (_, code) => {
    const words = code.replace(/^npx /, '').split(/\s+/).slice(1);
    const name = [2, 1].map((count) => words.slice(0, count).join(' ')).find((candidate) => names.includes(candidate));
    if (name === undefined) {
      // A group of commands, such as `rondo train`.
      expect(names.filter((known) => known.startsWith(`${words[0]} `))).not.toEqual([]);
      return;
    }
    const specs = { ...(await commands[name]()).options, ...commonOptions };
    const given = words.slice(name.split(' ').length).filter((word) => word.startsWith('--'));
    for (const option of given) {
      const own = option.replace(/=.*/, '').slice(2);
      expect(Object.keys(specs), code).toContain(own);
    }
    // A command that stands there whole, with values and not with names for them, is read as it would be when run.
    if (!/[A-Z]{2,}|\.\.\.|\|/.test(code)) parseArguments(name, words.slice(name.split(' ').length), specs);
  });
});
