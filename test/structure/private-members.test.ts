import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

it('members that nobody else may use are #names; only a constructor is `private`, which cannot be one', () => {
  const found: string[] = [];
  for (const folder of ['src', 'cli', 'bench', 'test', 'examples']) {
    for (const name of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts') || name.includes('node_modules')) continue;
      const text = readFileSync(join(root, folder, name), 'utf8');
      if (/^\s+private (?!constructor\()|[(,]\s*private /m.test(text)) found.push(join(folder, name));
    }
  }
  expect(found).toEqual([]);
});
