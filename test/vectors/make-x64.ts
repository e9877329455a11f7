/**
 * Writes x64/instructions.json: the machine code that GNU as (binutils 2.40) makes of the instructions of x64-cases.ts,
 * by their text, in hexadecimal digits.
 *
 *     npx esbuild test/vectors/make-x64.ts --bundle --platform=node --format=esm --outfile=dist/make-x64.mjs
 *     node dist/make-x64.mjs
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { x64Cases } from './x64-cases.js';

const folder = mkdtempSync(join(tmpdir(), 'x64-'));
const texts = [...new Set(x64Cases.map(({ text }) => text))];
// What is aligned inside a case counts from its beginning, so every case begins at a whole cache line.
const source = texts.map((text, i) => `.p2align 6, 0xcc\ncase_${i}: ${text}\nend_${i}:`);
writeFileSync(join(folder, 'cases.s'), ['.intel_syntax noprefix', ...source, ''].join('\n'));
const run = (command: string, ...given: readonly string[]): string =>
  execFileSync(command, given, { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 26 });
run('as', '--64', '-o', 'cases.o', 'cases.s');
run('objcopy', '-O', 'binary', '-j', '.text', 'cases.o', 'cases.bin');
const places = new Map(
  run('nm', 'cases.o')
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
    .map(([place, , name]) => [name, Number.parseInt(place, 16)]),
);
const bytes = readFileSync(join(folder, 'cases.bin'));
const lines = texts.map((text, i) => {
  const hex = bytes.subarray(places.get(`case_${i}`), places.get(`end_${i}`)).toString('hex');
  return `${JSON.stringify(text)}:${JSON.stringify(hex)}`;
});
writeFileSync('test/vectors/x64/instructions.json', `{\n${lines.join(',\n')}\n}\n`);
console.log(`${texts.length} cases`);
