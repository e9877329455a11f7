import { readdir, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { RondoError } from '../src/index.js';
import { codedError } from './coded-error.js';
import { parseArguments } from './parse-arguments.js';
import { train as trainTag } from './tag/train.js';

async function thrownBy(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('an error that no code of this project threw', () => {
  it('is one of memory where something would be too large', async () => {
    const works = [
      () => new Float32Array(1e11),
      () => new Array(-1),
      () => 'abcd'.padEnd(2 ** 30, 'x'),
      () => new ArrayBuffer(2 ** 52),
    ];
    for (const work of works)
      expect(await codedError(await thrownBy(work), 'rondo x')).toMatchObject({ code: 'OUT_OF_MEMORY' });
  });
  it('is one of access where the system refused, and INTERNAL elsewhere', async () => {
    expect(await codedError(await thrownBy(() => readdir('/nowhere/at/all')), 'rondo x')).toMatchObject({
      code: 'FILE_ACCESS',
    });
    expect(await codedError(await thrownBy(() => writeFile('/nowhere/at/all', '')), 'rondo x')).toMatchObject({
      code: 'FILE_ACCESS',
    });
    expect(await codedError(new TypeError('x is not a function'), 'rondo x')).toMatchObject({ code: 'INTERNAL' });
    const own = new RondoError('USAGE', { where: 'x', what: 'y.' });
    expect(await codedError(own, 'rondo x')).toBe(own);
  });
});

describe('numbers that no machine has room for', () => {
  it('are refused when the command line is read', async () => {
    const specs = trainTag.options;
    for (const option of ['units', 'layers'])
      expect(String(await thrownBy(() => parseArguments('x', [`--${option}`, '100000000'], specs)))).toMatch(
        new RegExp(`--${option} needs a whole number from 1 to \\d+`),
      );
    expect(parseArguments('x', ['--units', '32768'], specs).options.units).toBe(32768);
  });
});
