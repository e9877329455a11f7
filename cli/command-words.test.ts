import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { commandText, optionWords, resumeCommand } from './command-words.js';
import { parseArguments } from './parse-arguments.js';

const specs = {
  units: { type: 'count', about: '' },
  rate: { type: 'number', about: '' },
  text: { type: 'text', about: '' },
  search: { type: 'texts', about: '' },
  json: { type: 'flag', about: '' },
  quiet: { type: 'flag', about: '' },
} as const;

/** The words that a shell makes of a command line, without `rondo x`. */
function wordsOf(command: string): string[] {
  const { stdout } = spawnSync('bash', ['-c', `rondo() { printf '%s\\0' "$@"; }; ${command}`], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  });
  return stdout.split('\0').slice(1, -1);
}

describe('commandText', () => {
  it('writes what parseArguments reads', () => {
    const line = {
      positionals: ['a b.csv'],
      options: { units: 7, rate: -1e-7, text: "it's", search: ['x=1..2:log', '-y=3'], json: true, quiet: false },
    };
    expect(parseArguments('x', [...line.positionals, ...optionWords(line.options)], specs)).toEqual(line);
    expect(commandText('train x', line.positionals, line.options)).toBe(
      `rondo train x 'a b.csv' --units 7 --rate=-1e-7 --text 'it'\\''s' --search x=1..2:log --search=-y=3 --json`,
    );
  });

  it('survives names with spaces, quotes, dashes, line ends and signs of the shell', () => {
    const files = [
      '-file.csv',
      '--out',
      'two  spaces.csv',
      `"it's" $(x) \`y\` \\.csv`,
      'line\nend\x1b.csv',
      '-',
      '~',
      '好.csv',
      '',
    ];
    const line = {
      positionals: files,
      options: { units: undefined, rate: undefined, text: '-', search: ['a b'], json: false, quiet: true },
    };
    const command = commandText('x', line.positionals, line.options);
    expect(command).not.toMatch(/\p{Cc}/u);
    expect(parseArguments('x', wordsOf(command), specs)).toEqual(line);
  });
});

describe('resumeCommand', () => {
  it('repeats where the data are and how they are read', () => {
    const options = {
      dev: "it's.txt",
      test: undefined,
      encoding: 'windows-1252',
      units: 7,
      out: 'm',
      blas: true,
      force: true,
    };
    const command = {
      name: 'train x',
      options: {
        dev: { type: 'text', ofData: true, about: '' },
        test: { type: 'text', ofData: true, about: '' },
        encoding: { type: 'text', ofData: true, about: '' },
        units: { type: 'count', about: '' },
      },
    } as const;
    expect(resumeCommand(command, { positionals: ['-a.txt', 'b.txt'], options }, 'my model')).toBe(
      `rondo train x --dev 'it'\\''s.txt' --encoding windows-1252 --out 'my model' --resume --blas -- -a.txt b.txt`,
    );
  });
});
