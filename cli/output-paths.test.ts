import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { messageAfter } from '../test/support/message-after.js';
import { forecastNames } from './forecast/names.js';
import { namingOutput, trainingStart } from './output-paths.js';

it('an output that cannot be written is named as it was given, and not its lock', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rondo-output-'));
  const start = (out: string): Promise<string> =>
    messageAfter(() =>
      trainingStart('rondo train forecast', forecastNames, 'x.csv', { out, force: false, resume: false }, {}),
    );
  try {
    const file = join(folder, 'file');
    await writeFile(file, '');
    const inFile = join(file, 'm.safetensors');
    expect(await start(inFile)).toMatch(`[FILE_ACCESS] write ${inFile}: a part of the path is a file, not a folder.`);
    const long = join(folder, `${'m'.repeat(240)}.safetensors`);
    for (const message of [await start(inFile), await start(long)]) expect(message).not.toContain('.lock');
    expect(await start(long)).toContain('the name is too long');
  } finally {
    await rm(folder, { recursive: true });
  }
  const refused = Object.assign(new Error('EACCES: open m.lock'), { code: 'EACCES' });
  expect(await messageAfter(() => namingOutput('m', Promise.reject(refused)))).toBe('EACCES: open m.lock');
});
