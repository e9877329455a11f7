import { describe, expect, test } from 'vitest';
import { clipToWidth, displayWidth } from './display-width.js';
import { formatDuration, formatProgress, ProgressLine } from './progress.js';

describe('a line of progress', () => {
  test('shows the bar, the counts, the rate, the time left and the metrics', () => {
    expect(
      formatProgress({
        label: 'epoch 2/10',
        done: 1200,
        total: 2400,
        unit: 'tokens',
        elapsedMs: 3000,
        metrics: { loss: 1.20449, accuracy: 0 },
      }),
    ).toBe(
      'epoch 2/10  ██████████░░░░░░░░░░   50 %  1200/2400 tokens  400 tokens/s  0:03 left  loss 1.204  accuracy 0',
    );
  });

  test('says hundred percent only at the end, and then the whole time', () => {
    const at = (done: number): string =>
      formatProgress({ label: 'x', done, total: 1000, unit: 'steps', elapsedMs: 61_000, ascii: true });
    expect(at(999)).toContain(' 99 %');
    expect(at(999)).toContain('###################- ');
    expect(at(1000)).toBe('x  ####################  100 %  1000/1000 steps  16.4 steps/s  1:01 in all');
  });

  test('has no rate and no time left before anything is done', () => {
    expect(formatProgress({ label: 'x', done: 0, total: 10, unit: 'steps', elapsedMs: 0 })).toBe(
      'x  ░░░░░░░░░░░░░░░░░░░░    0 %  0/10 steps',
    );
  });

  test('does not count what was done before a run was resumed as its speed', () => {
    const line = formatProgress({
      label: '',
      done: 600,
      doneAtStart: 500,
      total: 1000,
      unit: 'steps',
      elapsedMs: 10_000,
    });
    expect(line).toContain('10 steps/s  0:40 left');
  });

  test('has no bar without a total, and writes large and small numbers shortly', () => {
    const line = formatProgress({
      label: 'read',
      done: 5_000_000,
      unit: 'tokens',
      elapsedMs: 2000,
      metrics: { rate: 1e-4, loss: NaN },
    });
    expect(line).toBe('read  5000000 tokens  2.5M tokens/s  rate 1.00e-4  loss NaN');
  });

  test('leaves out what has no room: the bar first, then counts, rate and time, the loss never', () => {
    const at = (columns: number): string =>
      formatProgress({
        label: 'epoch 2/10',
        done: 1200,
        total: 2400,
        unit: 'tokens',
        elapsedMs: 3000,
        metrics: { loss: 1.20449 },
        columns,
      });
    expect(at(75)).toBe('epoch 2/10   50 %  1200/2400 tokens  400 tokens/s  0:03 left  loss 1.204');
    expect(at(41)).toBe('epoch 2/10   50 %  0:03 left  loss 1.204');
    expect(at(30)).toBe('epoch 2/10   50 %  loss 1.204');
  });

  test('writes durations as people do', () => {
    expect([400, 59_600, 3_599_000, 90_061_000].map(formatDuration)).toEqual(['0:00', '1:00', '59:59', '25:01:01']);
  });
});

function recorder(
  isTTY: boolean,
  columns = 80,
): { stream: { isTTY: boolean; columns: number; write(text: string): void }; texts: string[] } {
  const texts: string[] = [];
  return { texts, stream: { isTTY, columns, write: (text) => void texts.push(text) } };
}

describe('ProgressLine', () => {
  const state = (done: number) => ({ label: 'x', done, total: 4, unit: 'steps' });

  test('rewrites one line of a terminal, at most every so often, and always the last state', () => {
    const { stream, texts } = recorder(true);
    let time = 0;
    const line = new ProgressLine(stream, { now: () => time });
    for (const [at, done] of [
      [0, 1],
      [50, 2],
      [100, 3],
      [120, 4],
    ] as const) {
      time = at;
      line.update(state(done));
    }
    expect(texts).toHaveLength(2);
    line.finish();
    line.finish();
    expect(texts).toHaveLength(4);
    expect(texts[2]).toMatch(/^\rx .*4\/4 steps.*\x1b\[K$/);
    expect(texts[3]).toBe('\n');
    expect(texts.slice(0, 3).join('')).not.toContain('\n');
  });

  test('writes whole lines now and then where the stream is no terminal, without control characters', () => {
    const { stream, texts } = recorder(false);
    let time = 0;
    const line = new ProgressLine(stream, { now: () => time, lineMs: 1000 });
    for (time = 0; time <= 2500; time += 100) line.update(state(1));
    line.update(state(4));
    line.finish();
    expect(texts).toHaveLength(3);
    for (const text of texts) expect(text).toMatch(/^x .*\n$/);
    expect(texts.join('')).not.toMatch(/[\r\x1b]/);
    expect(texts[2]).toContain('100 %');
  });

  test('never fills a line of the terminal, also with wide characters', () => {
    const { stream, texts } = recorder(true, 30);
    new ProgressLine(stream, { now: () => 0 }).update({ ...state(1), label: '训练语言模型训练语言模型' });
    const shown = texts[0].replace('\r', '').replace('\x1b[K', '');
    expect(displayWidth(shown)).toBeLessThan(30);
    expect(displayWidth(shown)).toBeGreaterThan(26);
  });

  test('puts a note above the progress', () => {
    const { stream, texts } = recorder(true);
    const line = new ProgressLine(stream, { now: () => 0 });
    line.update(state(1));
    line.note('saved');
    expect(texts[1]).toBe('\r\x1b[Ksaved\n');
    expect(texts[2]).toBe(texts[0]);
  });
});

test('The width of a text counts wide characters twice and marks not at all', () => {
  expect(displayWidth('a训e\u0301😀')).toBe(6);
  expect(clipToWidth('a训练b', 4)).toBe('a训');
});
