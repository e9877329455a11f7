import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tasks } from '../../cli/tasks.js';
import { importsOf, root, typescriptIn } from '../support/imports.js';

/** The sources of a folder, without tests. */
function sources(folder: string): string[] {
  return typescriptIn(folder).filter((file) => !file.endsWith('.test.ts'));
}

/** The folders of tasks, by what makes a folder of `cli/` or `src/tasks/` one. */
const cliFolders = folders('cli', (folder) => existsSync(join(root, folder, 'task.ts')));
const libraryFolders = folders('src/tasks', (folder) => !folder.startsWith('src/tasks/decoding'));

function folders(parent: string, isTask: (folder: string) => boolean): string[] {
  return readdirSync(join(root, parent), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `${parent}/${name}/`)
    .filter(isTask);
}

/** What a text says of tasks: their names and commands as texts or fields, and the classes of their models. */
function namesIn(text: string): string[] {
  const code = text.replace(/\/\*[^]*?\*\/|(?<=^|\s)\/\/.*/g, '');
  const names = [...new Set(tasks.flatMap(({ name, command }) => [name, command]))].join('|');
  const classes = tasks.map(({ model }) => model.name).join('|');
  const said = new RegExp(
    `['"\`](?:${names})['"\`]|\\b(?:train|tune) (?:${names})\\b|^\\s*(?:${names})\\??:|\\b(?:${classes})\\b`,
    'gm',
  );
  return [...code.matchAll(said)].map(([found]) => found.trim());
}

/** What files that are of no task know of tasks. */
function knowledgeOf(files: readonly string[], taskFolders: readonly string[]): string[] {
  return files.flatMap((file) => [
    ...importsOf(file)
      .filter(({ target }) => taskFolders.some((folder) => target.startsWith(folder)))
      .map(({ target }) => `${file} imports ${target}`),
    ...namesIn(readFileSync(join(root, file), 'utf8')).map((found) => `${file} says ${found}`),
  ]);
}

describe('a task is a folder and a line', () => {
  const isOf = (taskFolders: readonly string[], file: string): boolean =>
    taskFolders.some((folder) => file.startsWith(folder));

  it('of which the test sees names, fields, commands and classes', () => {
    expect(namesIn("if (task.task === 'tag') return;")).toEqual(["'tag'"]);
    expect(namesIn("const about = {\n  'language-model': 1,\n  forecast: 2,\n};")).toEqual([
      "'language-model'",
      'forecast:',
    ]);
    expect(namesIn('fix: `see rondo tune classify`')).toEqual(['tune classify']);
    expect(namesIn('function about({ options }: Tagger): void')).toEqual(['Tagger']);
    expect(namesIn("/** Of `tag`. */\nconst tag = tagged('tags');")).toEqual([]);
    expect(cliFolders.length).toBe(tasks.length);
    expect(libraryFolders.length).toBeGreaterThanOrEqual(tasks.length);
  });

  it('in cli/: nothing else knows which tasks there are', () => {
    const shared = sources('cli').filter(
      (file) => !isOf(cliFolders, file) && file !== 'cli/tasks.ts' && !file.startsWith('cli/demo/'),
    );
    expect(shared.length).toBeGreaterThan(40);
    expect(knowledgeOf(shared, cliFolders)).toEqual([]);
  });

  it('in src/: nothing else knows which tasks there are', () => {
    // What TensorBoard calls a tag is none.
    const others = ['src/tasks/task-registry.ts', 'src/index.ts', 'src/training/tensorboard.ts'];
    const shared = sources('src').filter((file) => !isOf(libraryFolders, file) && !others.includes(file));
    expect(shared.length).toBeGreaterThan(300);
    expect(knowledgeOf(shared, libraryFolders)).toEqual([]);
  });

  it('in src/tasks/ and cli/: no task knows another; writing text belongs to language models', () => {
    const wrong = [...cliFolders, ...libraryFolders].flatMap((folder) =>
      sources(folder).flatMap((file) =>
        importsOf(file)
          .filter(({ target }) => isOf([...cliFolders, ...libraryFolders], target) && !target.startsWith(folder))
          .filter(({ target }) => !(folder === 'src/tasks/generate/' && target.startsWith('src/tasks/language-model/')))
          .map(({ target }) => `${file} imports ${target}`),
      ),
    );
    expect(wrong).toEqual([]);
  });
});
