import { describe, expect, it } from 'vitest';
import { requireChart } from './chart-file.js';
import { requireFineTuning } from './fine-tune-options.js';

const refused = (options: object, methods: readonly string[] = []): Promise<unknown> =>
  requireFineTuning('rondo compress', options as never, methods).then(
    () => undefined,
    (error: Error) => error.message.split('\n')[0],
  );

describe('options of fine-tuning', () => {
  it('are refused without data to learn from', async () => {
    expect(await refused({ epochs: 3 })).toBe('[USAGE] rondo compress: --epochs belongs to --fine-tune.');
    expect(await refused({ quiet: true })).toContain('--quiet belongs to --fine-tune.');
    expect(await refused({ quiet: false, data: ['-'] })).toBeUndefined();
  });

  it('are refused beside a form that is asked for', async () => {
    expect(await refused({ 'fine-tune': ['a.txt'] }, ['int8'])).toContain(
      '--int8 and --fine-tune cannot be given together.',
    );
  });

  it('name files that can be read again', async () => {
    expect(await refused({ 'fine-tune': ['-'] })).toContain('--fine-tune is read several times');
    expect(await refused({ 'fine-tune': ['a.txt'], data: ['-'] })).toContain('--data is read several times');
  });

  it('measure on other files, or on the same, of which a part is held out', async () => {
    const both = (learned: string[], data: string[]): Promise<unknown> => refused({ 'fine-tune': learned, data });
    expect(await both(['a.txt'], ['b.txt'])).toBeUndefined();
    expect(await both(['a.txt', 'b.txt'], ['b.txt'])).toContain('both learned from and measured');
    expect(await both(['a.txt'], ['a.txt', 'b.txt'])).toContain('both learned from and measured');
    expect(await both(['a.txt', 'b.txt'], ['b.txt', 'a.txt'])).toBeUndefined();
  });

  it('measure on no file that training is validated on, and hold nothing out where there is one', async () => {
    const beside = (dev: string, data?: string[]): Promise<unknown> => refused({ 'fine-tune': ['a.txt'], dev, data });
    expect(await beside('d.txt')).toContain('with --dev nothing of what is trained with is held out');
    expect(await beside('d.txt', ['a.txt'])).toContain('both learned from and measured');
    expect(await beside('s.txt,d.txt', ['d.txt'])).toContain('both learned from and measured');
    expect(await beside('d.txt', ['b.txt'])).toBeUndefined();
  });
});

it('a chart needs a kind and something to show', async () => {
  const chart = (path: string, isMeasured = true): Promise<void> =>
    requireChart('rondo compress', path, { force: false, isMeasured });
  await chart('forms.html');
  await expect(chart('nowhere/forms.html')).rejects.toThrow('[FILE_ACCESS]');
  await expect(chart('forms.png')).rejects.toThrow('--chart names no kind of drawing.');
  await expect(chart('forms.svg', false)).rejects.toThrow('--chart shows quality');
});
