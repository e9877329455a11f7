import {
  documentKinds,
  generate,
  type LanguageModelOptions,
  LanguageModelTraining,
  languageModelOptimizers,
  languageModelPresetNames,
  type Resolved,
  TextCodec,
  type TokenLevel,
  tokenLevels,
} from '../../src/index.js';
import { loadTokenizer } from '../../src/node.js';
import { resumeCommand } from '../command-words.js';
import { encodingOption } from '../data-options.js';
import { initialLines, initOption, readInitial } from '../initial-model.js';
import { defineCommand, type Given, type OptionSpecs, recurrentOptions, trainingOptions } from '../options.js';
import { print, printLines } from '../output.js';
import { trainingStart } from '../output-paths.js';
import { readEachTextInput, readTextInput } from '../read-input.js';
import { showLearningRates } from '../show-learning-rates.js';
import { startLine } from '../text-start.js';
import { counted, shortNumber, withSeparators } from '../text-table.js';
import { baselineRows, textVerdict } from '../text-verdict.js';
import { quoted, runTrain, showTrained, type TrainRun } from '../train-run.js';
import { unknownPart, unknownWarning } from '../unknown-tokens.js';
import { coverageLine, embeddingVectorOptions, readEmbeddingVectors } from '../vector-options.js';
import { requirePositionals } from '../wrong-usage.js';

const specs = {
  tokens: {
    type: 'text',
    sets: 'level',
    value: 'KIND',
    choices: tokenLevels,
    about: 'What a token is: characters (default), words, bytes, or bpe for byte pairs learned from the text.',
  },
  tokenizer: {
    type: 'text',
    value: 'FILE',
    about: 'Tokens of another program: its tokenizer.json. Needs the npm package @huggingface/tokenizers.',
  },
  ...encodingOption,
  lower: { type: 'flag', about: 'Lower-case the text.' },
  vocabulary: {
    type: 'count',
    sets: 'maxTokens',
    value: 'N',
    about:
      'Most tokens in the vocabulary. Default 20000, 4096 for bpe; rarer characters and words become one ' +
      'unknown token.',
  },
  punctuation: {
    type: 'text',
    value: 'HOW',
    choices: ['separate', 'attach'],
    about: 'For words: each sign is a token (separate, default), or cut at white space only (attach).',
  },
  'embedding-units': {
    type: 'count',
    value: 'N',
    about: 'Width of the token embedding. Default 64 for characters and bytes, --units for words and bpe.',
  },
  ...embeddingVectorOptions,
  tied: { type: 'flag', about: 'Let the output use the token embedding; the last recurrent layer then has its width.' },
  preset: {
    type: 'text',
    value: 'NAME',
    choices: languageModelPresetNames,
    about:
      `Options that go well together: ${languageModelPresetNames.slice(1).join(', ')}; those given besides count ` +
      'before them. What they were is shown by rondo inspect.',
  },
  optimizer: {
    type: 'text',
    value: 'NAME',
    choices: languageModelOptimizers,
    about:
      'adam, whose rate falls along a cosine (default); sgd, whose rate falls from epoch to epoch; or ntasgd, ' +
      'which averages weights once training no longer gets better.',
  },
  'full-rate-epochs': {
    type: 'count',
    value: 'N',
    about: 'Epochs of sgd before its rate falls. Default 40 % of them.',
  },
  'rate-decay': {
    type: 'number',
    value: 'FACTOR',
    about:
      "By what sgd's rate is multiplied for each later epoch. By default the last has a hundredth of the full rate.",
  },
  'clip-norm': {
    type: 'number',
    value: 'NORM',
    about: 'Largest norm of all gradients together. Default 1 for adam, 0.25 for the others.',
  },
  'weight-decay': {
    type: 'number',
    value: 'W',
    about: 'Share of the weights, times the rate, that each step takes away. Default 0.',
  },
  'initial-range': {
    type: 'number',
    value: 'R',
    about: 'Let all weights begin uniform in plus and minus R. Default: as each layer does.',
  },
  'input-dropout': {
    type: 'number',
    value: 'RATE',
    about: 'Share of the embedding dropped while training. Default 0.',
  },
  variational: { type: 'flag', about: 'Draw dropout once for each sequence and not at each step.' },
  'weight-dropout': {
    type: 'number',
    value: 'RATE',
    about: 'Share of the recurrent weights dropped while training. Default 0.',
  },
  'embedding-dropout': {
    type: 'number',
    value: 'RATE',
    about: 'Share of the tokens dropped from the embedding while training. Default 0.',
  },
  'activation-penalty': { type: 'number', value: 'W', about: 'Weight of the mean square of the outputs. Default 0.' },
  'change-penalty': {
    type: 'number',
    value: 'W',
    about: 'Weight of the mean square of their change from step to step. Default 0.',
  },
  documents: {
    type: 'text',
    value: 'KIND',
    choices: [...documentKinds, 'auto'],
    about:
      'What one document is: a file, what stands between blank lines, or a line. Generated texts begin as ' +
      'documents do. Default auto: the first that is there often.',
  },
  dev: {
    type: 'text',
    once: true,
    value: 'FILE',
    about: 'Text that chooses the best epoch. Default: the end of the training text, see --validation.',
  },
  test: { type: 'text', once: true, value: 'FILE', about: 'Text that is only measured, at the end.' },
  validation: {
    type: 'number',
    value: 'SHARE',
    about: 'Share of the text at its end that chooses the best epoch. Default 0.1.',
  },
  ...initOption,
  ...trainingOptions({
    cell: 'lstm',
    units: '256',
    dropout: '0',
    epochs: '10, more for short texts',
    batchSize: '32, fewer for short texts',
    learningRate: '0.09 / sqrt(units) for adam, 20 for sgd, 30 for ntasgd',
    timesteps: '64',
  }),
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
export const trainLanguageModel = defineCommand({
  name: 'train language-model',
  summary: 'Learn to write text like the text of some files.',
  usage: 'FILE... [--tokens characters|words|bytes|bpe] [options]',
  examples: [
    'rondo train language-model shakespeare.txt --units 256 --epochs 10',
    'rondo train language-model *.txt --preset words --lower --vocabulary 10000 --out words.safetensors',
    'rondo train language-model ptb.train.txt --dev ptb.valid.txt --test ptb.test.txt --preset words ' +
      '--punctuation attach --out ptb.safetensors',
    'rondo train language-model shakespeare.txt --out shakespeare.safetensors --resume',
  ],
  options: specs,
  async run({ positionals, options }) {
    const where = `rondo ${this.name}`;
    requirePositionals(this, positionals, 1, Infinity);
    const { resume, quiet, json } = options;
    const initial = await readInitial(where, options, 'languageModel');
    const { paths, interrupted } = await trainingStart(where, 'languageModel', positionals[0], options, () =>
      languageModelOptions(options),
    );
    const texts = await readEachTextInput(positionals, options.encoding);
    const { level, lower, maxTokens, punctuation } = languageModelOptions(options);
    const vectors = await readEmbeddingVectors(
      where,
      options,
      () =>
        TextCodec.fromText(texts.join(''), { ...(level === 'words' && { level }), lower, maxTokens, punctuation })
          .vocabulary.tokens,
    );
    const validation = options.dev === undefined ? undefined : await readTextInput(options.dev, options.encoding);
    const test = options.test === undefined ? undefined : await readTextInput(options.test, options.encoding);
    const codec = options.tokenizer === undefined || resume ? undefined : await loadTokenizer(options.tokenizer);
    const training = new LanguageModelTraining(
      { train: texts, validation, vectors, codec, initial },
      languageModelOptions(options),
      interrupted?.task,
    );
    const { languageModel, numTrainingTokens, numValidationTokens, numBatches, tokensPerStep } = training;
    const { cell, units, layers, epochs } = languageModel.options;
    if (!json) {
      print(
        `${withSeparators(numTrainingTokens)} ${countedAs[languageModel.codec.level]} to learn from, ` +
          `${withSeparators(numValidationTokens)} held out, ${withSeparators(languageModel.codec.size)} different ` +
          'ones',
      );
      if (options.init !== undefined && training.beginning !== undefined) {
        const { beginning } = training;
        printLines(initialLines(options.init, beginning, beginning.unknown, countedAs[languageModel.codec.level]));
      }
      print(
        `${startLine(training.documents, languageModel.codec)} ` +
          `(${withSeparators(training.documents.places.length)} of them)`,
      );
      if (training.coverage !== undefined) print(coverageLine(training.coverage));
      print(
        `${layers} x ${cell} of ${counted(units, 'unit')}, ` +
          `${withSeparators(languageModel.model.countParams())} parameters`,
      );
    }
    if (options['find-learning-rate'])
      return showLearningRates(this, { positionals, options }, training, cautionOfRate(languageModel.options));
    const run: TrainRun = {
      task: languageModel,
      paths,
      epochs,
      numBatches,
      unitsPerStep: tokensPerStep,
      unit: 'tokens',
      isQuiet: quiet || json,
      diagnose: options.diagnose,
      resumeFrom: interrupted?.training,
      resumeCommand: resumeCommand(this.name, { positionals, options }, paths.model),
      train: (controls) => training.train(controls),
    };
    const startedMs = performance.now();
    const outcome = await runTrain(run);
    if (outcome === undefined) return;
    const seconds = (performance.now() - startedMs) / 1000;
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
    const bitsOf = (bitsPerCharacter: number): string =>
      languageModel.codec.level === 'words' ? '' : `, ${shortNumber(bitsPerCharacter)} bits a character`;
    const measured = [
      `${validation === undefined ? 'held-out end' : 'validation'}: ${shortNumber(valLoss)} nats a token, ` +
        `perplexity ${shortNumber(scores.perplexity)}${bitsOf(scores.bitsPerCharacter)}`,
    ];
    const numValidation = numValidationTokens;
    const unknownShare = training.numUnknown.validation / numValidation;
    if (unknownShare > 0) measured[0] += `; ${unknownPart(training.numUnknown.validation, numValidation)}`;
    const { baseline } = languageModel.text;
    if (baseline !== undefined)
      measured.push(
        `without a network, on the same tokens: ${baselineRows(baseline)
          .map(([name, loss]) => `${name} ${shortNumber(loss)} nats, perplexity ${shortNumber(Math.exp(loss))}`)
          .join('; ')}`,
      );
    if (testScore !== undefined)
      measured.push(
        `test: ${shortNumber(testScore.loss)} nats a token, perplexity ` +
          `${shortNumber(testScore.perplexity)}${bitsOf(testScore.bitsPerCharacter)}, of ` +
          `${withSeparators(testScore.numTokens)} ` +
          `tokens${testScore.numUnknown > 0 ? `; ${unknownPart(testScore.numUnknown, testScore.numTokens)}` : ''}`,
      );
    const sample = async (): Promise<string> => {
      let text = '';
      for await (const piece of generate(languageModel, {
        length: languageModel.codec.level === 'words' ? 60 : 300,
        temperature: 0.8,
      }))
        text += piece;
      return `It writes (temperature 0.8):\n${text}`;
    };
    const sections = [
      measured.join('\n'),
      ...(quiet || json ? [] : [await sample(), `More with: rondo generate ${quoted(paths.model)}`]),
    ];
    const facts = {
      numTrainingTokens,
      numValidationTokens,
      numUnknown: training.numUnknown,
      vocabulary: languageModel.codec.size,
      start: languageModel.text.start,
      beginning: training.beginning,
      ...scores,
      baseline: baseline ?? null,
      test: testScore,
    };
    const verdicts = [unknownWarning(unknownShare), textVerdict(baseline, valLoss)].filter(
      (line) => line !== undefined,
    );
    const verdict = verdicts.length === 0 ? undefined : verdicts.join(' ');
    await showTrained(run, outcome, { facts, sections, ...(verdict !== undefined && { verdict }) }, json);
  },
});

/**
 * Steps of plain gradient descent cannot grow with the rate where gradients are clipped, so a range test suggests too
 * small a rate.
 */
function cautionOfRate({ optimizer, clipNorm }: Readonly<Resolved<LanguageModelOptions>>): string | undefined {
  return optimizer === 'adam'
    ? undefined
    : `${optimizer} clips gradients at ${shortNumber(clipNorm)}, which keeps its steps short at any rate: larger ` +
        'rates may be better, and its presets take 20 to 35';
}

/** What the options of the command line say of the task. */
export function languageModelOptions(options: Given<typeof specs>): LanguageModelOptions {
  return {
    level: options.tokens,
    lower: options.lower || undefined,
    maxTokens: options.vocabulary,
    punctuation: options.punctuation,
    embeddingUnits: options['embedding-units'],
    freezeVectors: options.freeze,
    tied: options.tied || undefined,
    preset: options.preset,
    optimizer: options.optimizer,
    fullRateEpochs: options['full-rate-epochs'],
    rateDecay: options['rate-decay'],
    clipNorm: options['clip-norm'],
    weightDecay: options['weight-decay'],
    initialRange: options['initial-range'],
    inputDropout: options['input-dropout'],
    variational: options.variational || undefined,
    weightDropout: options['weight-dropout'],
    embeddingDropout: options['embedding-dropout'],
    activationPenalty: options['activation-penalty'],
    changePenalty: options['change-penalty'],
    documents: options.documents,
    validation: options.validation,
    ...recurrentOptions(options),
  };
}
