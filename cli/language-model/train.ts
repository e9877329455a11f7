import {
  generate,
  type LanguageModel,
  LanguageModelTraining,
  languageModelOptions,
  TextCodec,
  type TokenLevel,
} from '../../src/index.js';
import { loadTokenizer } from '../../src/node.js';
import { quoted } from '../command-words.js';
import { encodingOption, partOptions } from '../data-options.js';
import { beginningLines, beginningOptions } from '../initial-model.js';
import type { OptionSpecs } from '../options.js';
import { readEachTextInput, readTextInput } from '../read-input.js';
import { answerBesideTeacher } from '../teacher-and-student.js';
import { teachingOptions } from '../teaching-options.js';
import { counted, shortNumber, withSeparators } from '../text-table.js';
import { defineTrain, type TrainedModel } from '../train-command.js';
import type { TrainAnswer } from '../train-run.js';
import { unknownPart, unknownWarning, writtenUnknownLine } from '../unknown-tokens.js';
import { coverageLine, readEmbeddingVectors } from '../vector-options.js';
import { languageModelNames } from './names.js';
import { requireSequenceLevel, sequenceLevelOptions, taughtText } from './sequence-level.js';
import { startLine } from './text-start.js';
import { baselineRows, textVerdict } from './text-verdict.js';

const specs = {
  tokenizer: {
    type: 'text',
    changesScore: 'all',
    value: 'FILE',
    about: 'Tokens of another program: its tokenizer.json. Needs the npm package @huggingface/tokenizers.',
  },
  ...encodingOption,
  ...partOptions({
    dev: 'Text that chooses the best epoch. Default: the end of the training text, see --validation.',
    test: 'Text that is only measured, at the end.',
  }),
  ...beginningOptions,
  ...teachingOptions,
  ...sequenceLevelOptions,
} as const satisfies OptionSpecs;

/** Tokens as a person counts them. */
const countedAs: Readonly<Record<TokenLevel, string>> = {
  characters: 'characters',
  words: 'words',
  bytes: 'bytes',
  bpe: 'byte pairs',
  file: 'tokens',
};

/** `rondo train language-model`: a model of text, by characters, words, bytes or byte pairs. */
export const train = defineTrain({
  task: languageModelNames,
  summary: 'Learn to write text like the text of some files.',
  usage: 'FILE... [--tokens characters|words|bytes|bpe] [options]',
  examples: [
    'rondo train language-model shakespeare.txt --units 256 --epochs 10',
    'rondo train language-model *.txt --preset words --lower --vocabulary 10000 --out words.safetensors',
    'rondo train language-model ptb.train.txt --dev ptb.valid.txt --test ptb.test.txt --preset words ' +
      '--punctuation attach --out ptb.safetensors',
    'rondo train language-model shakespeare.txt --out shakespeare.safetensors --resume',
    'rondo train language-model shakespeare.txt --teacher shakespeare.safetensors --sequence-level --out small.safetensors',
  ],
  numFiles: { least: 1, most: Infinity },
  table: languageModelOptions,
  options: specs,
  trainsOn: {
    reading: () => ({}),
    // Rates of gradient descent are those of whole trainings, and steps of factors grow with their singular values.
    options: ({ options: { optimizer, learningRate, units, dropout } }, { quantized }) => ({
      optimizer: 'adam' as const,
      learningRate: optimizer === 'adam' ? learningRate : usualRate(units),
      // A network of fewer weights has less to be kept from.
      ...(quantized === undefined && { dropout: dropout / 2 }),
    }),
  },
  async prepare({ where, files, options, given, initial, teacher, interrupted }) {
    requireSequenceLevel(where, options);
    const texts = await readEachTextInput(files, options.encoding);
    const { level, lower, maxTokens, punctuation } = given;
    const vectors = await readEmbeddingVectors(
      where,
      { ...options, ...given },
      () =>
        TextCodec.fromText(texts.join(''), { ...(level === 'words' && { level }), lower, maxTokens, punctuation })
          .vocabulary.tokens,
    );
    const part = async (file: string | undefined) =>
      file === undefined ? undefined : readTextInput(file, options.encoding);
    const [validation, test] = [await part(options.dev), await part(options.test)];
    const codec =
      options.tokenizer === undefined || options.resume ? undefined : await loadTokenizer(options.tokenizer);
    const read = { train: texts, validation, vectors, codec, initial, teacher };
    const share = interrupted?.options.validation;
    const split = share === undefined || validation !== undefined ? given : { ...given, validation: share };
    const data = await taughtText(read, split, options);
    const training = new LanguageModelTraining(data, given, interrupted);
    const { languageModel, beginning, tokensPerStep } = training;
    const tokens = countedAs[languageModel.codec.level];
    return {
      task: languageModel,
      training,
      unit: 'tokens',
      unitsPerStep: tokensPerStep,
      about: [
        `${withSeparators(training.numTrainingTokens)} ${tokens} to learn from, ` +
          `${withSeparators(training.numValidationTokens)} held out, ${withSeparators(languageModel.codec.size)} ` +
          'different ones',
        ...(data.written === undefined
          ? []
          : [`a text of the teacher${data.written.keepText ? ' besides' : ' in its place'}`]),
        ...[writtenUnknownLine(texts, languageModel.codec)].filter((line) => line !== undefined),
        ...beginningLines(options.init, beginning, { tokens, outputs: 'outputs' }),
        ...aboutNetwork(training),
      ],
      cautionOfRate: cautionOfRate(languageModel),
      answer: async (trained) => {
        const isValidationGiven = validation !== undefined;
        const own = await answerOf(training, { isValidationGiven, test }, trained);
        return teacher === undefined || options.teacher === undefined
          ? own
          : besideTeacher(own, training, { path: options.teacher, model: teacher.model }, trained);
      },
    };
  },
});

/** Adam's, for layers of this width. */
function usualRate(units: number): number {
  const { default: usual } = languageModelOptions.learningRate;
  return typeof usual === 'function' ? usual({ optimizer: 'adam', units }, undefined) : usual!;
}

function aboutNetwork({ languageModel, documents, coverage }: LanguageModelTraining): string[] {
  const { options, codec, model } = languageModel;
  return [
    `${startLine(documents, codec)} (${withSeparators(documents.places.length)} of them)`,
    ...(coverage === undefined ? [] : [coverageLine(coverage)]),
    `${options.layers} x ${options.cell} of ${counted(options.units, 'unit')}, ` +
      `${withSeparators(model.countParams())} parameters`,
  ];
}

async function answerOf(
  training: LanguageModelTraining,
  { isValidationGiven, test }: { readonly isValidationGiven: boolean; readonly test: string | undefined },
  { path, outcome, seconds, isQuiet }: TrainedModel,
): Promise<TrainAnswer> {
  const { languageModel, numTrainingTokens, numValidationTokens, numUnknown, beginning } = training;
  const { codec, text } = languageModel;
  const { baseline } = text;
  const valLoss = outcome.valLoss[outcome.bestEpoch];
  const bitsPerToken = valLoss / Math.LN2;
  const scores = {
    valLoss,
    perplexity: Math.exp(valLoss),
    bitsPerToken,
    bitsPerCharacter: bitsPerToken / training.charactersPerToken,
    seconds,
  };
  const testScore = test === undefined ? undefined : await languageModel.evaluate(test);
  const scoresText = (
    loss: number,
    { perplexity, bitsPerCharacter }: Pick<typeof scores, 'perplexity' | 'bitsPerCharacter'>,
  ): string =>
    `${shortNumber(loss)} nats a token, perplexity ${shortNumber(perplexity)}` +
    (codec.level === 'words' ? '' : `, ${shortNumber(bitsPerCharacter)} bits a character`);
  const unknownNote = (unknown: number, numTokens: number): string =>
    unknown > 0 ? `; ${unknownPart(unknown, numTokens)}` : '';
  const measured = [
    `${isValidationGiven ? 'validation' : 'held-out end'}: ${scoresText(valLoss, scores)}` +
      unknownNote(numUnknown.validation, numValidationTokens),
  ];
  if (baseline !== undefined)
    measured.push(
      `without a network, on the same tokens: ${baselineRows(baseline)
        .map(([name, loss]) => `${name} ${shortNumber(loss)} nats, perplexity ${shortNumber(Math.exp(loss))}`)
        .join('; ')}`,
    );
  if (testScore !== undefined)
    measured.push(
      `test: ${scoresText(testScore.loss, testScore)}, of ${withSeparators(testScore.numTokens)} tokens` +
        unknownNote(testScore.numUnknown, testScore.numTokens),
    );
  const verdicts = [unknownWarning(numUnknown.validation / numValidationTokens), textVerdict(baseline, valLoss)].filter(
    (line) => line !== undefined,
  );
  return {
    facts: {
      numTrainingTokens,
      numValidationTokens,
      numUnknown,
      vocabulary: codec.size,
      start: text.start,
      beginning,
      ...scores,
      baseline: baseline ?? null,
      test: testScore,
    },
    sections: [
      measured.join('\n'),
      ...(isQuiet
        ? []
        : [
            `It writes (temperature 0.8):\n${await sampleOf(languageModel)}`,
            `More with: rondo generate ${quoted(path)}`,
          ]),
    ],
    verdict: verdicts.length === 0 ? undefined : verdicts.join(' '),
  };
}

/** The same with what the student has lost at the end. */
async function besideTeacher(
  own: TrainAnswer,
  training: LanguageModelTraining,
  teacher: { readonly path: string; readonly model: LanguageModel },
  { path, outcome }: TrainedModel,
): Promise<TrainAnswer> {
  const student = { path, model: training.languageModel };
  return answerBesideTeacher(own, teacher, student, {
    measure: 'perplexity',
    better: 'lower',
    teacher: Math.exp((await training.teacherLoss()) ?? Number.NaN),
    student: Math.exp(outcome.valLoss[outcome.bestEpoch]),
  });
}

async function sampleOf(languageModel: LanguageModel): Promise<string> {
  let text = '';
  const length = languageModel.codec.level === 'words' ? 60 : 300;
  for await (const piece of generate(languageModel, { length, temperature: 0.8 })) text += piece;
  return text;
}

/**
 * Steps of plain gradient descent cannot grow with the rate where gradients are clipped, so a range test suggests too
 * small a rate.
 */
function cautionOfRate({ options: { optimizer, clipNorm } }: LanguageModel): string | undefined {
  return optimizer === 'adam'
    ? undefined
    : `${optimizer} clips gradients at ${shortNumber(clipNorm)}, which keeps its steps short at any rate: larger ` +
        'rates may be better, and its presets take 20 to 35';
}
