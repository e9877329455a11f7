import {
  generate,
  type LanguageModelOptions,
  LanguageModelTraining,
  languageModelOptions,
  type Resolved,
  TextCodec,
  type TokenLevel,
} from '../../src/index.js';
import { loadTokenizer } from '../../src/node.js';
import { resumeCommand } from '../command-words.js';
import { encodingOption } from '../data-options.js';
import { initialLines, initOption, readInitial } from '../initial-model.js';
import { languageModelNames } from '../language-model/names.js';
import type { OptionSpecs } from '../options.js';
import { print, printLines } from '../output.js';
import { trainingStart } from '../output-paths.js';
import { readEachTextInput, readTextInput } from '../read-input.js';
import { showLearningRates } from '../show-learning-rates.js';
import { startLine } from '../text-start.js';
import { counted, shortNumber, withSeparators } from '../text-table.js';
import { baselineRows, textVerdict } from '../text-verdict.js';
import { defineTrain } from '../train-command.js';
import { quoted, runTrain, showTrained, type TrainRun } from '../train-run.js';
import { unknownPart, unknownWarning } from '../unknown-tokens.js';
import { coverageLine, readEmbeddingVectors, vectorsOption } from '../vector-options.js';
import { requirePositionals } from '../wrong-usage.js';

const specs = {
  tokenizer: {
    type: 'text',
    changesScore: 'all',
    value: 'FILE',
    about: 'Tokens of another program: its tokenizer.json. Needs the npm package @huggingface/tokenizers.',
  },
  ...encodingOption,
  vectors: vectorsOption,
  dev: {
    ofData: true,
    type: 'text',
    once: true,
    value: 'FILE',
    about: 'Text that chooses the best epoch. Default: the end of the training text, see --validation.',
  },
  test: { ofData: true, type: 'text', once: true, value: 'FILE', about: 'Text that is only measured, at the end.' },
  ...initOption,
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
export const trainLanguageModel = defineTrain({
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
  table: languageModelOptions,
  options: specs,
  async run({ positionals, options }, given) {
    const where = `rondo ${this.name}`;
    requirePositionals(this, positionals, 1, Infinity);
    const { resume, quiet, json } = options;
    const initial = await readInitial(where, options, languageModelNames);
    const { paths, interrupted } = await trainingStart(where, 'languageModel', positionals[0], options, () => given);
    const texts = await readEachTextInput(positionals, options.encoding);
    const { level, lower, maxTokens, punctuation } = given;
    const vectors = await readEmbeddingVectors(
      where,
      { ...options, ...given },
      () =>
        TextCodec.fromText(texts.join(''), { ...(level === 'words' && { level }), lower, maxTokens, punctuation })
          .vocabulary.tokens,
    );
    const validation = options.dev === undefined ? undefined : await readTextInput(options.dev, options.encoding);
    const test = options.test === undefined ? undefined : await readTextInput(options.test, options.encoding);
    const codec = options.tokenizer === undefined || resume ? undefined : await loadTokenizer(options.tokenizer);
    const training = new LanguageModelTraining(
      { train: texts, validation, vectors, codec, initial },
      given,
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
      resumeCommand: resumeCommand(this, { positionals, options }, paths.model),
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
