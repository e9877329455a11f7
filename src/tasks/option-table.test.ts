import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  checkOptions,
  choice,
  count,
  flag,
  number,
  type OptionsOf,
  optionTable,
  type ResolvedOf,
  rate,
  text,
  withDefaults,
} from './option-table.js';

const table = optionTable({
  form: choice({ of: ['rhyme', 'proseText'], also: ['given'], default: 'rhyme' }),
  rows: count({ default: 7, most: 90 }),
  columns: count({ least: 0, word: 'auto', default: ({ rows }: { rows: number }) => 3 * rows }),
  pull: number({ above: 0, atMost: 0.5, default: ({ columns }: { columns: number | 'auto' }) => 1 / Number(columns) }),
  noise: rate({ default: (_: unknown, { numTexts }: { numTexts: number }) => 1 / numTexts }),
  mirrored: flag({}),
  column: text({}),
});

describe('a table of options', () => {
  it('says the types of what may be given and of what is then known', () => {
    expectTypeOf<OptionsOf<typeof table>>().toEqualTypeOf<{
      form?: 'rhyme' | 'proseText' | 'given' | undefined;
      rows?: number | undefined;
      columns?: number | 'auto' | undefined;
      pull?: number | undefined;
      noise?: number | undefined;
      mirrored?: boolean | undefined;
      column?: string | undefined;
    }>();
    expectTypeOf<ResolvedOf<typeof table>['columns']>().toEqualTypeOf<number | 'auto'>();
  });

  it('refuses, as a type, a default that reads what is not there', () => {
    // @ts-expect-error there is no option `row`
    optionTable({ rows: count({}), columns: count({ default: ({ row }: { row: number }) => row }) });
    // @ts-expect-error it is a number
    optionTable({ rows: count({}), columns: count({ default: ({ rows }: { rows: string }) => rows.length }) });
    // @ts-expect-error its data are missing
    expect(() => withDefaults(table, {})).toThrow();
    // @ts-expect-error no such choice
    choice({ of: ['rhyme'], default: 'prose' });
  });

  it('fills in defaults that follow from other options and from the data, in its own order', () => {
    expect(Object.entries(withDefaults(table, {}, { numTexts: 5 }))).toEqual([
      ['form', 'rhyme'],
      ['rows', 7],
      ['columns', 21],
      ['pull', 1 / 21],
      ['noise', 0.2],
      ['mirrored', false],
    ]);
    expect(withDefaults(table, { column: 'x', columns: 2, rows: undefined }, { numTexts: 5 })).toMatchObject({
      rows: 7,
      columns: 2,
      pull: 0.5,
      column: 'x',
    });
  });

  it('takes what is within bounds', () => {
    for (const given of [
      { form: 'given' },
      { rows: 90 },
      { columns: 'auto' },
      { columns: 0 },
      { pull: 0.5 },
      { noise: 0 },
    ])
      expect(() => checkOptions('Poem', table, given)).not.toThrow();
  });

  it.each([
    [
      { form: 'rime' },
      '[UNKNOWN_NAME] Poem: unknown form `rime`; did you mean `rhyme`?\n  expected: one of `rhyme`, `proseText`\n',
    ],
    [{ colums: 3 }, '[UNKNOWN_NAME] Poem: unknown option `colums`; did you mean `columns`, `column`?'],
    [{ rows: 91 }, '`rows` is out of range.\n  expected: a whole number from 1 to 90\n  received: 91'],
    [{ rows: '7' }, '`rows` is no number.'],
    [{ columns: 'all' }, '`columns` is no number.\n  expected: a whole number of at least 0, or auto'],
    [{ columns: -1 }, '`columns` is out of range.'],
    [{ pull: 0 }, '`pull` is out of range.\n  expected: a number above 0 and at most 0.5'],
    [{ pull: 0.51 }, '`pull` is out of range.'],
    [{ noise: 1 }, '`noise` is out of range.\n  expected: a number of at least 0 and below 1'],
    [{ noise: -0.1 }, '`noise` is out of range.'],
    [{ mirrored: 'no' }, '[USAGE] Poem: `mirrored` is neither true nor false.'],
    [{ column: 7 }, '[USAGE] Poem: `column` is no text.'],
  ])('refuses %o', (given, message) => {
    expect(() => checkOptions('Poem', table, given)).toThrow(message);
  });
});
