/**
 * Reads a made table of numbers and says how fast and in how much memory:
 *
 *     npm run bench:read-table -- 250
 */
import { closeSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { numericColumn } from '../src/index.js';
import { readTableFile } from '../src/node.js';

const columns = 10;

/** Writes a table of time stamps and random walks. */
function writeTable(path: string, megabytes: number): void {
  const file = openSync(path, 'w');
  const levels = new Float64Array(columns);
  let state = 12345;
  const random = (): number => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) / 2 ** 32;
  let size = writeSync(file, `time,${Array.from(levels, (_, c) => `c${c}`).join(',')}\n`);
  for (let row = 0; size < megabytes * 1e6; ) {
    let text = '';
    for (let i = 0; i < 2000; i++, row++) {
      text += new Date(1.5e12 + row * 60_000).toISOString().slice(0, 19).replace('T', ' ');
      for (let c = 0; c < columns; c++) text += `,${((levels[c] = 0.99 * levels[c] + random() - 0.5) * 10).toFixed(4)}`;
      text += '\n';
    }
    size += writeSync(file, text);
  }
  closeSync(file);
}

const megabytes = Number(process.argv[2] ?? 100);
const path = join(tmpdir(), `rondo-table-${process.pid}.csv`);
try {
  writeTable(path, megabytes);
  const size = statSync(path).size;
  const start = process.cpuUsage();
  // Time of the processor: on a busy machine the clock tells of the others.
  const elapsedMs = (): number => process.cpuUsage(start).user / 1000 + process.cpuUsage(start).system / 1000;
  const table = await readTableFile(path);
  const readMs = elapsedMs();
  let sum = 0;
  for (const name of table.columns.slice(1))
    sum += numericColumn(table, name).reduce((all, value) => all + value, 0) / table.numRows;
  const allMs = elapsedMs();
  const speed = (ms: number): string => `${(size / 1e3 / ms).toFixed(0)} MB/s`;
  console.log(`${(size / 1e6).toFixed(0)} MB, ${table.numRows} rows of ${table.columns.length} columns`);
  console.log(`read into columns        ${(readMs / 1000).toFixed(1)} s, ${speed(readMs)}`);
  console.log(
    `and all numbers from it  ${(allMs / 1000).toFixed(1)} s, ${speed(allMs)} (sum of means ${sum.toFixed(3)})`,
  );
  console.log(`peak memory              ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`);
} finally {
  rmSync(path, { force: true });
}
