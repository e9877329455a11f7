import { describe, expect, it } from 'vitest';
import { optionsOfTasks, requireOwnOptions } from './task-options.js';
import { tasks } from './tasks.js';
import { WrongUsage } from './wrong-usage.js';

const taskNamed = (wanted: string) => tasks.find(({ name }) => name === wanted)!;
const messageOf = (work: () => void): string => {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(WrongUsage);
    return (error as Error).message;
  }
  return '';
};

describe('options of commands that take models of every task', () => {
  it.each(['predict', 'evaluate'] as const)('of %s say one thing for all tasks that have them', (command) => {
    const all = optionsOfTasks(command);
    for (const { name: task, options } of tasks) {
      for (const [name, spec] of Object.entries(options[command])) {
        const { type, sets, once, choices = [] } = spec;
        expect(all[name], `${task} --${name}`).toMatchObject({ type, ...(sets && { sets }), ...(once && { once }) });
        expect(all[name].choices ?? choices, `${task} --${name}`).toEqual(expect.arrayContaining([...choices]));
        expect(all[name].about, `${task} --${name}`).toContain(spec.about);
      }
    }
  });

  it('are refused where the model is of a task that would ignore them, all of one task together', () => {
    const refused = (task: string, given: object): string =>
      messageOf(() => requireOwnOptions('rondo predict', taskNamed(task), 'predict', given as never));
    expect(refused('languageModel', { time: 'date', 'time-format': 'DD/MM/YYYY', top: 7 })).toBe(
      '[USAGE] rondo predict: --time, --time-format can be used with forecasts only.\n' +
        '  expected: a model made by rondo train forecast\n' +
        '  received: a model of the task languageModel\n' +
        '  fix: leave them out, or give such a model.',
    );
    expect(refused('forecast', { top: 3, time: 'date' })).toMatch(
      /--top is for language models and classifiers\.[^]*rondo train language-model or rondo train classify[^]*--top out/,
    );
    expect(refused('forecast', { number: true })).toContain('--number is for taggers and classifiers.');
    for (const { name } of tasks) expect(refused(name, { number: false, text: undefined, json: true })).toBe('');
    expect(refused('classify', { top: 3, text: 'review', number: true, format: 'jsonl' })).toBe('');
  });

  it('are refused with a choice of another task', () => {
    const format = (task: string, given: string): string =>
      messageOf(() => requireOwnOptions('rondo predict', taskNamed(task), 'predict', { format: given }));
    expect(format('classify', 'conllu')).toMatch(/`conllu` is no --format for classifiers[^]*expected: csv, /);
    expect(format('tag', 'csv')).toMatch(/`csv` is no --format for taggers[^]*expected: conllu, columns, texts/);
    for (const [task, given] of [
      ['classify', 'texts'],
      ['tag', 'texts'],
      ['tag', 'columns'],
    ])
      expect(format(task, given)).toBe('');
  });
});
