import { expect, it } from 'vitest';
import { chartOf } from './chart-file.js';
import type { ShownForm } from './choose-form.js';

const quality = {
  about: 'perplexity',
  better: 'lower',
  of: () => 1,
  on: () => ({ count: 1, items: 'tokens' }),
} as const;
const form = (name: string, sizeBytes: number, value: number | undefined, facts: object = {}): ShownForm => ({
  ...{ name, sizeBytes, quality: value, isOnFront: false, isChosen: false },
  ...facts,
});
const shown = [
  form('as it is', 4000, 50),
  form('int8', 1000, 50.1, { isOnFront: true, isChosen: true }),
  form('<b>', 1010, 50.1),
  form('int4', 500, 60, { isOnFront: true }),
  form('broken', 600, Number.NaN),
];

it('a chart joins the best of each size by steps, and shows every form that has a figure', () => {
  const svg = chartOf('forms.svg', 'a&b', shown, quality);
  expect(svg).toContain('a&amp;b: perplexity by size');
  expect(svg.match(/<circle/g)).toHaveLength(4);
  expect(svg).not.toContain('<b>');
  expect(svg).toMatch(/class="steps" d="M[\d.]+ [\d.]+H[\d.]+V[\d.]+"/);
  const heights = [...svg.matchAll(/<text class="\w+" x="[\d.]+" y="([\d.]+)">(?:int8|&lt;b&gt;)</g)].map(([, y]) =>
    Number(y),
  );
  // Their dots are one above the other.
  expect(Math.abs(heights[0] - heights[1])).toBeGreaterThan(12);
  expect(svg).not.toContain('NaN');
});

it('a page has the chart and its table', () => {
  const page = chartOf('forms.html', 'm', shown, quality);
  expect(page).toMatch(/^<!doctype html>/);
  expect(page).toContain('<svg ');
  expect(page).toContain('<tr><td>int8 (written)</td><td>1.00 kB</td><td>50.1</td><td>*</td></tr>');
});
