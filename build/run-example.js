// Runs an example by its name: npm run example NAME. Compiled, so that any Node the library supports can run it.
import { existsSync, readdirSync, readFileSync } from 'node:fs';

const folder = new URL('../examples/', import.meta.url);
const [name, ...more] = process.argv.slice(2);

/** The first sentence of the comment an example begins with; files that only export are parts of others. */
const examples = readdirSync(folder)
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  .map((file) => ({ name: file.slice(0, -'.ts'.length), source: readFileSync(new URL(file, folder), 'utf8') }))
  .filter(({ source }) => !/^export /m.test(source));
const about = (source) =>
  /\/\*\*([^]*?)\*\//
    .exec(source)?.[1]
    .replace(/\s*\n\s*\*?\s*/g, ' ')
    .trim()
    .split(/(?<=\.)\s/)[0] ?? '';

if (name === undefined || more.length > 0 || !examples.some((example) => example.name === name)) {
  const asked = name === undefined ? '' : `There is no example \`${[name, ...more].join(' ')}\`.\n`;
  const width = Math.max(...examples.map((example) => example.name.length));
  const list = examples.map((example) => `  ${example.name.padEnd(width)}  ${about(example.source)}`).join('\n');
  process.stderr.write(`${asked}Usage: npm run example NAME, where NAME is one of\n${list}\n`);
  process.exitCode = 2;
} else {
  const compiled = new URL(`../dist/examples/${name}.js`, import.meta.url);
  if (existsSync(compiled)) await import(compiled.href);
  else {
    process.stderr.write('The examples are not compiled yet: run npm run build first.\n');
    process.exitCode = 1;
  }
}
