import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { maximumOf, minimumOf } from '../../src/extremes.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Where lists are as long as data are. */
const rooms = ['src/training', 'src/data', 'src/io', 'src/tuning', 'src/tasks', 'cli'];
/**
 * A list that a call is given as arguments: `Math.max(0, ...list)`, but not `push({ ...fields })` or `push([...list])`.
 */
const spread =
  /(?:Math\.(?:max|min|hypot)|\.(?:push|unshift|of|fromCharCode|fromCodePoint))\((?:[^[\]{}\n]*[(,]\s*)?\.\.\.\w/;

describe('lists as long as data', () => {
  it('are never handed over as arguments, of which an engine takes about a hundred thousand', () => {
    const files = rooms.flatMap((room) =>
      readdirSync(join(root, room), { recursive: true, encoding: 'utf8' }).map((name) => join(room, name)),
    );
    const sources = files.filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
    expect(sources.length).toBeGreaterThan(100);
    const found = sources.flatMap((file) =>
      readFileSync(join(root, file), 'utf8')
        .split('\n')
        .flatMap((line, i) =>
          spread.test(line) && !/^\s*(\*|\/\*\*|\/\/)/.test(line) ? [`${file}:${i + 1}: ${line.trim()}`] : [],
        ),
    );
    expect(found).toEqual([]);
  });

  it('have their extremes found one after the other', () => {
    const values = Float64Array.from({ length: 300_007 }, (_, i) => Math.sin(i) - 2);
    expect(maximumOf(values)).toBeCloseTo(-1, 9);
    expect(minimumOf(values)).toBeCloseTo(-3, 9);
    expect([maximumOf([], 3), maximumOf([2, 5], 3), minimumOf([2, 5], 1), maximumOf([1, NaN])]).toEqual([3, 5, 1, NaN]);
  });
});
