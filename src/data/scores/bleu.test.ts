import { describe, expect, it } from 'vitest';
import { libraryVersion } from '../../io/library-version.js';
import { type BleuOptions, bleu } from './bleu.js';
import { bleuTokenizers } from './bleu-tokenizers.js';

/** The example of sacreBLEU's README and test/test_bleu.py, with its figures. */
const dogs = ['The dog bit the man.', "It wasn't surprising.", 'The man had just bitten him.'];
const dogReferences = [
  ['The dog bit the man.', 'The dog had bit the man.'],
  ['It was not unexpected.', 'No one was surprised.'],
  ['The man bit him first.', 'The man had bitten the dog.'],
];

describe('bleu', () => {
  it.each<[BleuOptions, number]>([
    [{}, 48.530827],
    [{ tokenize: '13a' }, 48.530827],
    [{ tokenize: 'none' }, 49.1919566],
    [{ tokenize: 'intl' }, 43.91623493],
    [{ smoothMethod: 'none' }, 48.530827],
  ])('of several references with %o is what sacreBLEU computes', (options, score) => {
    expect(bleu(dogs, dogReferences, options).score).toBeCloseTo(score, 6);
  });

  it('says how it came about, as sacreBLEU does', () => {
    const { text, signature, counts, totals } = bleu(dogs, dogReferences);
    expect(text).toBe('BLEU = 48.53 82.4/50.0/45.5/37.5 (BP = 0.943 ratio = 0.944 hyp_len = 17 ref_len = 18)');
    expect(signature).toBe(`nrefs:2|case:mixed|eff:no|tok:13a|smooth:exp|version:rondo-${libraryVersion}`);
    expect([counts, totals]).toEqual([
      [14, 7, 5, 3],
      [17, 14, 11, 8],
    ]);
    const options = { lowercase: true, effectiveOrder: true, smoothMethod: 'floor', tokenize: 'char' } as const;
    expect(bleu(['a', 'b'], ['a', ['c', 'b', '']], options).signature).toContain(
      'nrefs:var|case:lc|eff:yes|tok:char|smooth:floor[0.10]|',
    );
  });

  // sacreBLEU's test/test_sentence_bleu.py, with its figures to 3 digits.
  const said = 'Producția de zahăr primă va fi exprimată în ceea ce privește zahărul alb;';
  const right = 'producţia de zahăr brut se exprimă în zahăr alb;';
  it.each<[BleuOptions, number]>([
    [{}, 8.493],
    [{ smoothMethod: 'none' }, 0],
    [{ smoothMethod: 'floor' }, 4.51688],
    [{ smoothMethod: 'floor', smoothValue: 0.1 }, 4.51688],
    [{ smoothMethod: 'floor', smoothValue: 0.5 }, 10.1],
    [{ smoothMethod: 'add-k' }, 14.882],
    [{ smoothMethod: 'add-k', smoothValue: 2 }, 21.389],
    [{ tokenize: 'none' }, 7.347],
    [{ tokenize: 'intl' }, 8.493],
    [{ tokenize: 'char' }, 40.8759],
    [{ tokenize: 'char', lowercase: true }, 42.0267],
  ])('of one sentence with %o is what sacreBLEU computes', (options, score) => {
    const { score: computed } = bleu([said], [right], { ...options, effectiveOrder: true });
    expect(Math.abs(computed - score)).toBeLessThan(1e-3);
  });

  it('of short sentences counts the orders that there are, with effectiveOrder', () => {
    const short = (hypothesis: string, reference: string, options: BleuOptions = {}): number =>
      bleu([hypothesis], [reference], {
        tokenize: 'none',
        smoothMethod: 'floor',
        smoothValue: 0.01,
        effectiveOrder: true,
        ...options,
      }).score;
    // One word of two: exp(1 - 2). Three words for two: (2/3, 0.01 of 2, 0.01 of 1), geometric mean.
    expect(short('test', 'a test')).toBeCloseTo(100 / Math.E, 10);
    expect(short('a test', 'a test')).toBeCloseTo(100, 10);
    expect(short('a little test', 'a test')).toBeCloseTo(100 * Math.cbrt((2 / 3) * 0.005 * 0.01), 10);
    expect(short('this is a fest', 'this is a test')).toBeCloseTo(100 * (0.75 * (2 / 3) * 0.5 * 0.01) ** 0.25, 10);
    expect(short('a test', 'a test', { effectiveOrder: false })).toBe(0);
  });

  it('counts a run at most as often as one reference has it, and takes the closest length, of two the shorter', () => {
    // Papineni et al. 2002, example 2: the modified unigram precision is 2/7.
    const { counts, totals, referenceLength } = bleu(
      ['the the the the the the the'],
      [['the cat is on the mat', 'there is a cat on the mat there']],
      { maxNgramOrder: 1 },
    );
    expect([counts, totals]).toEqual([[2], [7]]);
    expect(referenceLength).toBe(6);
  });

  it('is 0 where nothing is right, whatever the smoothing', () => {
    for (const smoothMethod of ['exp', 'none', 'floor', 'add-k'] as const)
      expect(bleu(['this is a cat'], ['okay thanks'], { smoothMethod, effectiveOrder: true }).score).toBe(0);
    expect(bleu(['', '', ''], dogReferences).score).toBe(0);
  });

  it('depends neither on the order of sentences nor on that of references', () => {
    const order = [2, 0, 1];
    expect(
      bleu(
        order.map((i) => dogs[i]),
        order.map((i) => [...dogReferences[i]].reverse()),
      ),
    ).toEqual(bleu(dogs, dogReferences));
  });

  it('writes halves as printf does', () => {
    const { text } = bleu(['a b c d e f g h i j k l m n o p'], ['a - - - - - - - - - - - - - - -'], {
      tokenize: 'none',
    });
    expect(text).toContain(' 6.2/');
  });
});

describe('the tokenizers of BLEU', () => {
  it.each<[keyof typeof bleuTokenizers, string, string]>([
    ['13a', "Don't pay $1,000.50, please (now).", "Don't pay $ 1,000.50 , please ( now ) ."],
    ['13a', 'A 3-4 win & "more" &amp; &quot;less&quot;', 'A 3 - 4 win & " more " & " less "'],
    ['13a', 'well-known 5.', 'well-known 5 .'],
    ['intl', '«Так», 1,5 €: да…', '« Так » , 1,5 € : да …'],
    ['intl', 'in 1999.', 'in 1999.'],
    ['zh', '我有3.5个iPhone。', '我 有 3.5 个 iPhone 。'],
    ['zh', '“好”', '“ 好 ”'],
    ['char', 'né 𝒳!', 'n é 𝒳 !'],
    ['none', "  don't\u00a0stop. ", "don't stop."],
  ])('%s cuts %s', (name, text, words) => {
    expect(bleuTokenizers[name](text).join(' ')).toBe(words);
  });
});

describe('bleu refuses', () => {
  it('other numbers of references than of hypotheses, and no sentences', () => {
    expect(() => bleu(['a', 'b'], ['a'])).toThrow(/^\[SHAPE_MISMATCH\] bleu: .*\n.*expected: 2.*\n.*received: 1\n/);
    expect(() => bleu([], [])).toThrow(/^\[DATA_FORMAT\] bleu: there are no sentences/);
    expect(() => bleu('a' as never, 'b' as never)).toThrow(/^\[USAGE\] bleu: the hypotheses are no list/);
  });

  it('sentences without a text or a reference', () => {
    expect(() => bleu(['a', 'b'], ['a', ''])).toThrow(/^\[DATA_FORMAT\] bleu, sentence 2: there is no reference/);
    expect(() => bleu(['a'], [[]])).toThrow(/^\[DATA_FORMAT\] bleu, sentence 1: there is no reference/);
    expect(() => bleu(['a', 3 as never], ['a', 'b'])).toThrow(/^\[DATA_FORMAT\] bleu, sentence 2: .* no text/);
  });

  it('options that there are not', () => {
    expect(() => bleu(['a'], ['a'], { tokenize: '13' as never })).toThrow(/^\[UNKNOWN_NAME\].*`13`/);
    expect(() => bleu(['a'], ['a'], { smoothMethod: 'expp' as never })).toThrow(
      /^\[UNKNOWN_NAME\].*did you mean `exp`/,
    );
    expect(() => bleu(['a'], ['a'], { smoothValue: 1 })).toThrow(/^\[USAGE\].*takes no `smoothValue`/);
    expect(() => bleu(['a'], ['a'], { maxNgramOrder: 0 })).toThrow(/^\[OUT_OF_RANGE\]/);
    expect(() => bleu(['a'], ['a'], { lowercase: 'no' as never })).toThrow(/^\[USAGE\].*`lowercase`/);
    expect(() => bleu(['a'], ['a'], { smooth: 'exp' } as never)).toThrow(/^\[UNKNOWN_NAME\].*option `smooth`/);
  });
});
