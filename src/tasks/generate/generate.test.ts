import { beforeAll, describe, expect, it } from 'vitest';
import { graphemesOf } from '../../data/graphemes.js';
import { TextCodec } from '../../data/tokens/text-codec.js';
import { useBackend } from '../../kernels/select.js';
import { createWasmBackend } from '../../kernels/wasm/backend.js';
import { Random, setSeed } from '../../random.js';
import { sampleToken } from '../decoding/sample-token.js';
import type { LanguageModel } from '../language-model/language-model.js';
import type { LanguageModelOptions } from '../language-model/language-model-options.js';
import { LanguageModelTraining } from '../language-model/language-model-training.js';
import { type GenerateOptions, generate } from './generate.js';
import { PoemForm } from './poem-form.js';
import { penalised } from './repetition.js';
import { StopTexts } from './stop-texts.js';

/** A model with random weights: everything is likely, so only constraints keep a form. */
function wild(text: string, options: LanguageModelOptions = {}): LanguageModel {
  setSeed(3);
  return new LanguageModelTraining(text, { units: 5, timesteps: 7, embeddingUnits: 3, ...options }).languageModel;
}

async function textOf(model: LanguageModel, options: GenerateOptions): Promise<string> {
  let text = '';
  for await (const piece of generate(model, options)) text += piece;
  return text;
}

const visible = (line: string): string[] => graphemesOf(line).filter((grapheme) => grapheme.trim() !== '');

const chinese = '春眠不覺曉，處處聞啼鳥。\n夜來風雨聲，花落知多少。\n'.repeat(4);
const english = "Shall I compare thee to a summer's day?\nThou art more lovely, and more temperate:\n".repeat(3);
const mixed = 'e\u0301te\u0301 🎉👍🏽 한국어 각 🇩🇪 नमस्ते कि\nab\n'.repeat(5);

it.each<GenerateOptions>([
  { seed: 1, length: 3 },
  { beams: 2, length: 3 },
])('gives all memory back: %o', async (options) => {
  // A backend of its own: on a shared one, variables that earlier tests dropped may be collected meanwhile.
  const backend = useBackend(createWasmBackend());
  const model = wild(english);
  await textOf(model, options);
  const { persistentBytes } = backend.memory();
  for (let i = 0; i < 100; i++) {
    await textOf(model, options);
    for await (const _ of generate(model, options)) break;
  }
  expect(backend.memory().persistentBytes).toBe(persistentBytes);
  useBackend('wasm');
});

describe('a poem', () => {
  it.each([
    {
      name: 'quatrains of five',
      text: chinese,
      level: 'characters' as const,
      poem: { lines: 4, charactersPerLine: 5, lineEnds: ['，', '。\n'] },
      expected: /^[^\n，。]{5}，[^\n，。]{5}。\n[^\n，。]{5}，[^\n，。]{5}。$/u,
    },
    {
      name: 'an acrostic',
      text: chinese,
      level: 'characters' as const,
      poem: { acrostic: '春夜花', charactersPerLine: 3 },
      expected: /^春.{2}\n夜.{2}\n花.{2}$/u,
    },
    { name: 'one line', text: chinese, level: 'characters' as const, poem: { lines: 1 }, expected: /^[^\n]{1,100}$/u },
    {
      name: 'lines of their own length',
      text: chinese,
      level: 'characters' as const,
      poem: { acrostic: '鳥鳥', lineEnds: ['。\n'] },
      expected: /^鳥[^\n]{0,99}。\n鳥[^\n]{0,99}。$/u,
    },
  ])('has its form: $name', async ({ text, level, poem, expected }) => {
    const model = wild(text, { level });
    for (let seed = 0; seed < 20; seed++)
      expect(await textOf(model, { poem, seed, temperature: seed % 4 })).toMatch(expected);
  });

  it.each([
    ['characters', english],
    ['characters', mixed],
    ['words', english],
    ['words', mixed],
  ] as const)('has lines of so many characters as a reader counts them, with tokens of %s', async (level, text) => {
    const model = wild(text, { level });
    for (let seed = 0; seed < 25; seed++) {
      const charactersPerLine = 4 + (seed % 9);
      const lines = (await textOf(model, { poem: { lines: 3, charactersPerLine }, seed })).split('\n');
      expect(lines.map((line) => visible(line).length)).toEqual([
        charactersPerLine,
        charactersPerLine,
        charactersPerLine,
      ]);
      for (const line of lines) expect(line.trim()).toBe(line);
    }
  });

  it('has an acrostic of words as well, and goes on from a prompt', async () => {
    const model = wild(english, { level: 'words' });
    for (let seed = 0; seed < 10; seed++) {
      const lines = (
        await textOf(model, { prompt: 'Shall I', poem: { acrostic: 'St', charactersPerLine: 13 }, seed })
      ).split('\n');
      expect(lines.map((line) => line[0])).toEqual(['S', 't']);
      expect(lines.map((line) => visible(line).length)).toEqual([13, 13]);
    }
  });

  it('never begins a line that it cannot fill', async () => {
    const model = wild('aaaa bbbbbb\n'.repeat(20), { level: 'words' });
    for (let seed = 0; seed < 20; seed++)
      expect(await textOf(model, { poem: { lines: 2, charactersPerLine: 10 }, seed })).toMatch(
        /^(aaaa bbbbbb|bbbbbb aaaa)\n(aaaa bbbbbb|bbbbbb aaaa)$/,
      );
  });

  it('keeps its form in a beam search', async () => {
    const model = wild(chinese);
    expect(await textOf(model, { poem: { lines: 2, charactersPerLine: 5, lineEnds: ['，', '。'] }, beams: 3 })).toMatch(
      /^[^，。\n]{5}，[^，。\n]{5}。$/u,
    );
  });

  it('is refused where it cannot be', () => {
    const codec = TextCodec.fromText(chinese);
    const words = TextCodec.fromText('aaaa bbbbbb\n', { level: 'words' });
    const message = (work: () => unknown): string => {
      try {
        work();
      } catch (error) {
        return (error as Error).message;
      }
      return 'no error';
    };
    expect(message(() => new PoemForm(codec, {}))).toContain(
      '[USAGE] PoemForm: a form needs to know how many lines it has.',
    );
    expect(message(() => new PoemForm(codec, { acrostic: '春Ω' }))).toContain(
      'no line of this form can begin with "Ω"',
    );
    expect(message(() => new PoemForm(codec, { acrostic: '春🎉' }))).toContain(
      'no line of this form can begin with "🎉"',
    );
    expect(message(() => new PoemForm(codec, { acrostic: ' ' }))).toContain('the acrostic is empty');
    expect(message(() => new PoemForm(codec, { acrostic: '春夜', lines: 3 }))).toContain(
      'the acrostic does not fit the lines',
    );
    expect(message(() => new PoemForm(codec, { lines: 2, lineEnds: ['!\n'] }))).toContain(
      'the model cannot write the line end "!\\n"',
    );
    expect(message(() => new PoemForm(codec, { lines: 2, lineEnds: [''] }))).toContain('a line end is empty');
    expect(message(() => new PoemForm(codec, { lines: 0 }))).toContain('[OUT_OF_RANGE]');
    expect(message(() => new PoemForm(words, { lines: 2, charactersPerLine: 5 }))).toContain(
      'the vocabulary cannot fill such a line',
    );
    expect(message(() => new PoemForm(words, { lines: 2, charactersPerLine: 10 }))).toBe('no error');
    expect(message(() => new PoemForm(codec, { line: 2 } as object))).toContain('did you mean `lines`');
  });
});

describe('options that exclude each other', () => {
  const model = wild(chinese);
  it.each([
    [{ beams: 2, temperature: 1 }, 'a beam search draws nothing'],
    [{ beams: 2, seed: 1, topK: 3 }, 'a beam search draws nothing'],
    [{ poem: { lines: 2 }, length: 20 }, 'the form of a poem decides where it ends'],
    [{ poem: { lines: 2 }, stop: 'x' }, 'the form of a poem decides where it ends'],
    [{ repetitionWindow: 5 }, 'a window needs a penalty'],
    [{ stop: '' }, 'a text to stop at is empty'],
    [{ stop: ['a', ''] }, 'a text to stop at is empty'],
  ] as [GenerateOptions, string][])('%j', (options, what) =>
    expect(() => generate(model, options)).toThrow(`[USAGE] generate: ${what}`),
  );
  it.each([
    { repetitionPenalty: 0.5 },
    { minP: 2 },
    { minP: -1 },
    { beams: 0 },
    { beams: 1001 },
    { topP: 0 },
    { length: -1 },
    { seed: 1.5 },
  ])('and impossible values: %j', (options) => expect(() => generate(model, options)).toThrow('[OUT_OF_RANGE]'));
});

describe('beam search', () => {
  let model: LanguageModel;
  beforeAll(() => {
    model = wild('abc\n'.repeat(30), { units: 7, cell: 'lstm', layers: 2 });
    // Random logits that differ: the weights of an untrained output layer are small.
    for (const variable of model.model.weights) variable.assign(Array.from(variable.dataSync(), (value) => value * 3));
  });

  it('with as many beams as there are texts finds the likeliest of all', async () => {
    const scores = new Map<string, number>();
    const letters = ['a', 'b', 'c', '\n'];
    for (const first of letters)
      for (const second of letters)
        for (const third of letters) {
          const text = first + second + third;
          const tokens = await model.tokenScores(`\n${text}`);
          scores.set(
            text,
            tokens.reduce((sum, { logProbability }) => sum + logProbability, 0),
          );
        }
    const [likeliest] = [...scores].sort(([, a], [, b]) => b - a)[0];
    expect(await textOf(model, { beams: 64, length: 3 })).toBe(likeliest);
  });
  it('with one beam takes the likeliest token each time', async () => {
    expect(await textOf(model, { beams: 1, length: 12, prompt: 'b' })).toBe(
      await textOf(model, { temperature: 0, length: 12, prompt: 'b' }),
    );
    expect(await textOf(model, { beams: 1, length: 12, repetitionPenalty: 1.5 })).toBe(
      await textOf(model, { temperature: 0, length: 12, repetitionPenalty: 1.5 }),
    );
  });
  it('ends before a stop', async () => {
    expect(await textOf(model, { beams: 4, length: 40, stop: ['c', '\n'] })).not.toMatch(/[c\n]/);
  });
  it('leaves the model ready for the next text', async () => {
    const before = await textOf(model, { seed: 1, length: 20 });
    await textOf(model, { beams: 3, length: 5 });
    expect(await textOf(model, { seed: 1, length: 20 })).toBe(before);
  });
});

describe('sampling', () => {
  it('keeps tokens that are likely enough beside the likeliest', () => {
    const logits = [0, Math.log(0.5), Math.log(0.2), Math.log(0.05)];
    const drawn = (minP: number, temperature = 1): number[] => {
      const random = new Random(2);
      return [...new Set(Array.from({ length: 400 }, () => sampleToken(logits, random, { minP, temperature })))].sort();
    };
    expect(drawn(0.3)).toEqual([0, 1]);
    expect(drawn(0.1)).toEqual([0, 1, 2]);
    expect(drawn(1)).toEqual([0]);
    expect(drawn(0.3, 2)).toEqual([0, 1, 2]);
  });
  it('lowers tokens that came lately, whatever the sign of their logits', () => {
    expect([...Array.from(penalised([2, -2, 2, -2], [0, 1, 1], { repetitionPenalty: 2 }))]).toEqual([1, -4, 2, -2]);
    expect([...Array.from(penalised([2, -2, 2], [0, 1, 1], { repetitionPenalty: 2, repetitionWindow: 2 }))]).toEqual([
      2, -4, 2,
    ]);
  });
  it('stops at the first of several texts, wherever pieces are cut', () => {
    for (const size of [1, 2, 3, 20]) {
      const stops = new StopTexts(['END', 'stop']);
      const text = 'an E, an EN, a sto and stop and END';
      let shown = '';
      for (let i = 0; i < text.length; i += size) {
        const { free, isStopped } = stops.push(text.slice(i, i + size));
        shown += free;
        if (isStopped) break;
      }
      expect(shown).toBe('an E, an EN, a sto and ');
    }
  });
  it('reads prompts of unknown characters, emoji and combining marks', async () => {
    const model = wild(chinese);
    for (const prompt of ['Ω', '🎉👍🏽', 'e\u0301', ' ', '\u0000'])
      expect((await textOf(model, { prompt, length: 5, seed: 1 })).length).toBe(5);
  });
});

describe('a prompt that ends inside of a byte pair', () => {
  const line = 'over the mountain and far away\n';
  let model: LanguageModel;
  beforeAll(async () => {
    setSeed(5);
    const training = new LanguageModelTraining(line.repeat(60), {
      ...{ level: 'bpe', maxTokens: 310, units: 16, embeddingUnits: 8, timesteps: 9, batchSize: 4 },
      ...{ epochs: 12, learningRate: 0.03 },
    });
    await training.train();
    model = training.languageModel;
  });

  it.each(['over the mou', 'over the ', 'ov', 'over the mountain'])('goes on as the text did: %j', async (prompt) => {
    const rest = line.slice(prompt.length);
    for (const how of [{ temperature: 0 }, { beams: 3 }] as const) {
      const text = await textOf(model, { prompt, length: 9, stop: '\n', ...how });
      expect(`${text}\n`, JSON.stringify(how)).toBe(rest);
    }
  });

  it('counts what is written behind it, and nothing else', async () => {
    expect(model.codec.encode('over the mountain').at(-1)).toBe(model.codec.encode(' mountain')[0]);
    expect(await textOf(model, { prompt: 'over the mou', length: 1, temperature: 0 })).toBe('ntain');
    expect(await textOf(model, { prompt: 'over the mountain', length: 1, temperature: 0 })).toBe(' and');
    expect(await textOf(model, { prompt: 'over the mou', length: 0 })).toBe('');
  });
});
