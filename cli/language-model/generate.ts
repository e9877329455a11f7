import {
  type GenerateOptions,
  generate as generateText,
  graphemesOf,
  type LanguageModel,
  numUnknownOf,
} from '../../src/index.js';
import { loadModelOf } from '../load-model-of.js';
import { computeOptions, defineCommand, type Given, jsonOption, type OptionSpecs } from '../options.js';
import { printJson, say, writeText } from '../output.js';
import { samplingOf, samplingOptions } from '../sampling-options.js';
import { requirePositionals, WrongUsage } from '../wrong-usage.js';
import { languageModelNames } from './names.js';

const specs = {
  prompt: {
    type: 'text',
    value: 'TEXT',
    about:
      'What the text begins with; before a poem it is read and not shown. Default nothing: it begins as the ' +
      'texts of the training do.',
  },
  length: { type: 'count', value: 'N', about: 'Most tokens to write. Default 500.' },
  ...samplingOptions,
  'repetition-penalty': {
    type: 'number',
    value: 'F',
    about: 'Make tokens of the last 64 less likely: 1 changes nothing, 1.2 is usual for words.',
  },
  beams: {
    type: 'count',
    value: 'N',
    most: 1000,
    about: 'Search the likeliest text among N at a time instead of drawing.',
  },
  stop: { type: 'text', value: 'TEXT', about: 'End before this text is written.' },
  lines: { type: 'count', value: 'N', about: 'Write a poem of N lines.' },
  'characters-per-line': {
    type: 'count',
    value: 'N',
    about: 'Of a poem: characters in each line, without white space.',
  },
  acrostic: { type: 'text', value: 'TEXT', about: 'Of a poem: the characters that its lines begin with.' },
  'line-ends': {
    type: 'text',
    value: 'SIGNS',
    about:
      'Of a poem: signs that end its lines by turns, such as ,. with a line break after the last. Default a ' +
      'line break.',
  },
  ...computeOptions,
  seed: {
    ...computeOptions.seed,
    about: 'Another text with each. Default: one of its own, the same in each run.',
  },
  ...jsonOption,
} as const satisfies OptionSpecs;

/** `rondo generate`: text from a language model, as it is written. */
export const generate = defineCommand({
  name: 'generate',
  summary: 'Write text, or a poem in a given form, with a language model.',
  usage: 'MODEL [options]',
  examples: [
    "rondo generate shakespeare.safetensors --prompt 'ROMEO:' --temperature 0.8",
    'rondo generate shakespeare.safetensors --length 2000 --top-p 0.9 --seed 7',
    'rondo generate tang.safetensors --acrostic 春夏秋冬 --characters-per-line 5 --line-ends ，。',
  ],
  options: specs,
  async run({ positionals, options }) {
    requirePositionals(this, positionals, 1);
    const [path] = positionals;
    const where = `rondo ${this.name}`;
    const poem = poemOf(where, options);
    const languageModel = await loadModelOf(where, path, languageModelNames);
    const { prompt = '', length, seed, stop, beams, json } = options;
    const pieces = generateText(languageModel, {
      prompt,
      length,
      ...samplingOf(options),
      repetitionPenalty: options['repetition-penalty'],
      seed,
      stop,
      beams,
      poem,
    });
    warnOfUnknown(languageModel, prompt);
    if (languageModel.text.start === undefined) {
      say(
        'The file is of an earlier version and does not say how its texts begin: a line end is read first, ' +
          'after which untrained states may write nonsense. A long prompt helps, training anew more.',
      );
    }
    if (json) {
      let text = '';
      for await (const piece of pieces) text += piece;
      printJson({ prompt, text });
      return;
    }
    if (poem === undefined) writeText(prompt);
    for await (const piece of pieces) writeText(piece);
    writeText('\n');
  },
});

/** The form that the options describe; undefined where they describe none. */
function poemOf(where: string, options: Given<typeof specs>): GenerateOptions['poem'] {
  const { lines, acrostic } = options;
  const signs = options['line-ends'];
  const charactersPerLine = options['characters-per-line'];
  if (lines === undefined && acrostic === undefined) {
    const loose =
      signs !== undefined ? '--line-ends' : charactersPerLine !== undefined ? '--characters-per-line' : undefined;
    if (loose !== undefined)
      throw new WrongUsage({
        where,
        what: `${loose} belongs to a poem.`,
        expected: '--lines or --acrostic beside it',
        received: loose,
        fix: 'say how many lines the poem has.',
      });
    return undefined;
  }
  const ends = signs === undefined ? undefined : graphemesOf(signs);
  const lineEnds = ends?.map((sign, i) => (i === ends.length - 1 ? `${sign}\n` : sign));
  return { lines, charactersPerLine, acrostic, lineEnds };
}

/** Says on the standard error what of a prompt the model cannot read. */
function warnOfUnknown({ codec }: LanguageModel, prompt: string): void {
  if (codec.unknownId === undefined || prompt === '') return;
  const count = numUnknownOf(codec.encode(prompt), codec.unknownId);
  if (count > 0)
    say(`${count} ${codec.level} of the prompt are not in the vocabulary; the model reads them as unknown.`);
}
