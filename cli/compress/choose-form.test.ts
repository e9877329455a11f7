import { describe, expect, it } from 'vitest';
import { bestOfEachName, chooseForm, frontOf, type JudgedForm, lossesOf } from './choose-form.js';

const form = (name: string, sizeBytes: number, quality: number | undefined): JudgedForm => ({
  name,
  sizeBytes,
  quality,
});
const original = form('as it is', 400, 50);
const lower = lossesOf(original, { better: 'lower' });
const names = (forms: readonly JudgedForm[]): string[] => forms.map(({ name }) => name);

describe('what a form loses', () => {
  it('is a share of the quality of before, in the direction of the measure', () => {
    expect(lower(form('a', 1, 55))).toBeCloseTo(0.1);
    expect(lossesOf(original, { better: 'higher' })(form('a', 1, 55))).toBeCloseTo(-0.1);
  });

  it('is all where the figure is none, and unknown where nothing was measured', () => {
    expect(lower(form('a', 1, Number.NaN))).toBe(Infinity);
    expect(lower(form('a', 1, undefined))).toBeUndefined();
  });
});

describe('the front', () => {
  it('holds what nothing is both smaller and better than', () => {
    const forms = [
      original,
      form('half', 200, 50.2),
      form('worse half', 210, 51),
      form('tiny', 60, 70),
      form('twin', 200, 50.2),
    ];
    expect(names(frontOf(forms, lower))).toEqual(['as it is', 'half', 'tiny', 'twin']);
  });

  it('is the smallest where nothing was measured', () => {
    const forms = [form('as it is', 400, undefined), form('half', 200, undefined)];
    expect(names(frontOf(forms, lower))).toEqual(['half']);
  });
});

describe('the form that is chosen', () => {
  const forms = [form('int8', 100, 50.3), form('int4', 60, 56), form('float16', 200, 50), form('low rank', 80, 50.4)];
  const choose = (budget: number | undefined, usual?: string[], given = forms): string =>
    chooseForm({ forms: given, budget, usual }, lower).name;

  it('is the best that fits into a budget', () => {
    expect(choose(150)).toBe('int8');
    expect(choose(90)).toBe('low rank');
    expect(choose(60)).toBe('int4');
  });

  it('is the smallest where nothing fits', () => {
    expect(choose(59)).toBe('int4');
  });

  it('is, without a budget, the smallest that loses next to nothing, or the first of those that are usual', () => {
    expect(choose(undefined)).toBe('low rank');
    expect(choose(undefined, ['blocks', 'int8', 'float16'])).toBe('int8');
  });

  it('is the one that loses least where all lose more', () => {
    expect(choose(undefined, undefined, [form('a', 10, 90), form('b', 20, 60), form('c', 30, 70)])).toBe('b');
    expect(choose(undefined, undefined, [form('a', 10, Number.NaN), form('b', 20, 60)])).toBe('b');
    expect(choose(25, undefined, [form('a', 10, Number.NaN), form('b', 20, 60)])).toBe('b');
  });
});

it('a form that training made worse is the one of before', () => {
  const forms = [form('low rank', 80, 52), form('pruned', 90, 70), form('low rank', 80, 55), form('pruned', 90, 51)];
  expect(bestOfEachName(forms, lower).map(({ quality }) => quality)).toEqual([52, 51]);
});
