import { defaultVectorWords, type TaggerOptions, TaggerTraining } from '../../src/index.js';
import { resumeCommand } from '../command-words.js';
import { beginningLines, initOption, readInitial } from '../initial-model.js';
import { defineCommand, type Given, type OptionSpecs, recurrentOptions, trainingOptions } from '../options.js';
import { print, printLines } from '../output.js';
import { trainingStart } from '../output-paths.js';
import { showLearningRates } from '../show-learning-rates.js';
import { seenSentencesNote, taggingHints, taggingVerdict } from '../tag/about-tagging.js';
import { tagNames } from '../tag/names.js';
import { agreementTable, percent, scoreTable } from '../tag/show-tagging.js';
import { columnName, readingOf, readWordFile, taggedDataOf, untaggedNote } from '../tag/tagged-files.js';
import { taggedFileOptions } from '../tag/tagged-options.js';
import { counted, withSeparators } from '../text-table.js';
import { quoted, runTrain, showTrained, type TrainRun } from '../train-run.js';
import { coverageLine, readEmbeddingVectors, wordVectorOptions } from '../vector-options.js';
import { requirePositionals, WrongUsage } from '../wrong-usage.js';

const specs = {
  ...taggedFileOptions,
  dev: {
    type: 'text',
    once: true,
    value: 'FILE',
    about:
      'Sentences that choose the best epoch. Default: every tenth sentence of FILE, which is then not learned from.',
  },
  test: { type: 'text', once: true, value: 'FILE', about: 'Sentences that are only measured, at the end.' },
  crf: { type: 'flag', about: 'Score neighbouring tags together by a conditional random field (default).' },
  'no-crf': { type: 'flag', sets: 'crf', about: 'Choose every tag by itself.' },
  scheme: {
    type: 'text',
    value: 'SCHEME',
    choices: ['auto', 'none', 'bio', 'iob1', 'iobes', 'bilou'],
    about: 'How tags mark spans, such as B-PER I-PER. Default auto: by the tags.',
  },
  'word-units': { type: 'count', value: 'N', about: "Width of a word's vector. Default 100, or that of --vectors." },
  ...wordVectorOptions,
  characters: {
    type: 'text',
    sets: 'characterEncoder',
    value: 'HOW',
    choices: ['rnn', 'conv', 'none'],
    about:
      'What reads the characters of words: a recurrent layer in both directions (rnn, default), a convolution ' +
      '(conv), or nothing.',
  },
  'character-units': {
    type: 'count',
    sets: 'characterFeatures',
    value: 'N',
    about: 'Width of what the characters add to a word. Default 96.',
  },
  'longest-affix': {
    type: 'whole',
    value: 'N',
    about:
      'Prefixes and suffixes of up to N characters have vectors, and the shape of words (capitals, digits) with ' +
      'them. 0: none. Default 4.',
  },
  'word-dropout': {
    type: 'number',
    value: 'RATE',
    about: 'Share of words shown as unknown while training. Default 0.1.',
  },
  'min-count': { type: 'count', value: 'N', about: 'Words seen less often have no vector of their own. Default 2.' },
  'keep-case': { type: 'flag', sets: 'lower', about: 'Tell words apart by their case; the characters always show it.' },
  'keep-digits': {
    type: 'flag',
    sets: 'digits',
    about: 'Tell numbers apart by their digits; the characters always show them.',
  },
  validation: {
    type: 'number',
    value: 'SHARE',
    about: 'Share of the sentences that chooses the best epoch where there is no --dev. Default 0.1.',
  },
  'max-epochs': {
    type: 'count',
    value: 'N',
    about:
      'While the best epoch is the last, training goes on with twice as many; at most so many in all. Default: ' +
      'two such rounds, or no more than --epochs where that is given.',
  },
  patience: {
    type: 'count',
    value: 'N',
    about: 'Epochs without a better score after which the first round ends. Default half of --epochs.',
  },
  ...initOption,
  ...trainingOptions({
    cell: 'lstm',
    units: '128',
    dropout: '0.4',
    epochs: '20, more where that is less than 1500 steps, fewer where the score stops rising',
    batchSize: '32',
    learningRate: '0.006',
    timesteps: '150',
  }),
  timesteps: {
    type: 'count',
    value: 'N',
    about: 'Most words of a training sentence; longer ones are cut. Default 150.',
  },
} as const satisfies OptionSpecs;

/** `rondo train tag`: a tagger of words. */
export const trainTag = defineCommand({
  name: 'train tag',
  summary: 'Learn to tag words: parts of speech, names, chunks.',
  usage: 'FILE [--column COLUMN] [--dev FILE] [--test FILE] [options]',
  examples: [
    'rondo train tag en-train.conllu --column upos --dev en-dev.conllu --test en-test.conllu --out upos.safetensors',
    'rondo train tag names.txt --out names.safetensors',
    'rondo train tag names.txt --no-crf --characters conv --out plain.safetensors',
    'rondo train tag names.txt --out names.safetensors --resume',
  ],
  options: specs,
  async run({ positionals, options }) {
    const where = `rondo ${this.name}`;
    requirePositionals(this, positionals, 1);
    if (options.crf && options['no-crf'])
      throw new WrongUsage({
        where,
        what: '--crf and --no-crf cannot be given together.',
        expected: 'one of them',
        received: '--crf --no-crf',
        fix: 'leave one out.',
      });
    const [file] = positionals;
    const { quiet, json } = options;
    const initial = await readInitial(where, options, tagNames);
    const { paths, interrupted } = await trainingStart(where, 'tag', file, options, () => taggerOptions(options));
    const main = await readWordFile(file, options);
    const column = interrupted?.task.sentences.column ?? columnName(this.name, main, options);
    const notes: string[] = [];
    const sentencesOf = async (path: string | undefined) => {
      if (path === undefined) return undefined;
      const found = taggedDataOf(path === file ? main : await readWordFile(path, options), column);
      const note = untaggedNote(path, found);
      if (note !== undefined) notes.push(note);
      return found.sentences;
    };
    const train = (await sentencesOf(file))!;
    const [validation, test] = [await sentencesOf(options.dev), await sentencesOf(options.test)];
    const vectors = await readEmbeddingVectors(
      where,
      { ...options, freezeVectors: options.freeze, vectorWords: options['vector-words'] },
      () => train.flatMap(({ words }) => words),
      options['vector-words'] ?? defaultVectorWords,
    );
    const data = { train, validation, test, vectors, column, reading: readingOf(main), initial };
    const training = new TaggerTraining(data, taggerOptions(options), interrupted?.task);
    const { tagger, numSentences, numWords, numBatches } = training;
    const { cell, units, layers, maxEpochs, crf } = tagger.options;
    const { scheme, vectors: coverage } = tagger.sentences;
    if (!json) {
      for (const note of notes) print(note);
      printLines([
        `${file}: column ${column}, ${withSeparators(tagger.codec.tags.length)} ` +
          `tags${scheme === null ? '' : `, spans by ${scheme}`}`,
      ]);
      print(
        `train ${counted(numSentences.train, 'sentence')} of ${counted(numWords.train, 'word')}, ` +
          `validation ${withSeparators(numSentences.validation)} of ` +
          withSeparators(numWords.validation) +
          (test === undefined ? '' : `, test ${withSeparators(test.length)}`),
      );
      if (coverage !== null) print(coverageLine(coverage));
      if (options.init !== undefined && training.beginning !== undefined) {
        const names = { tokens: 'words', outputs: 'tags', items: 'sentences' };
        printLines(beginningLines(options.init, training.beginning, names));
      }
      print(
        `${layers} x ${cell} of 2 x ${counted(units, 'unit')}, ` +
          `${crf ? 'conditional random field' : 'every tag by itself'}, ` +
          `${withSeparators(tagger.model.countParams())} parameters`,
      );
      print(
        'HMM baseline: ' +
          tagger.sentences.baseline
            .map(({ part, accuracy }) => `${percent(accuracy)} % of the ${part} words`)
            .join(', '),
      );
    }
    if (options['find-learning-rate']) return showLearningRates(this, { positionals, options }, training);
    const run: TrainRun = {
      task: tagger,
      paths,
      epochs: maxEpochs,
      rounds: tagger.options,
      numBatches,
      unitsPerStep: Math.round(numWords.train / numBatches),
      unit: 'words',
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
    const wordsPerSecond = (outcome.loss.length * numWords.train) / seconds;
    const reports = {
      validation: await training.evaluate(),
      test: test === undefined ? undefined : await tagger.evaluate(test),
    };
    const sections = [
      ...Object.entries(reports).flatMap(([part, report]) =>
        report === undefined ? [] : [`${part}\n${scoreTable(report)}`],
      ),
      agreementTable(reports.test ?? reports.validation),
      ...[
        seenSentencesNote(reports.validation, 'validation'),
        reports.test && seenSentencesNote(reports.test, 'test'),
      ].filter((note) => note !== undefined),
      ...(quiet ? [] : [`Tag text with: echo 'Some words here .' | rondo predict ${quoted(paths.model)} -`]),
    ];
    const { beginning } = training;
    const facts = {
      column,
      tags: tagger.codec.tags,
      numSentences,
      numWords,
      vectors: coverage,
      beginning,
      seconds,
      wordsPerSecond,
      ...reports,
    };
    const report = reports.test ?? reports.validation;
    const answer = { facts, sections, hints: taggingHints(training, report), verdict: taggingVerdict(report) };
    await showTrained(run, outcome, answer, json);
  },
});

/** What the options of the command line say of the task. */
export function taggerOptions(options: Given<typeof specs>): TaggerOptions {
  return {
    crf: options['no-crf'] ? false : options.crf ? true : undefined,
    scheme: options.scheme,
    wordUnits: options['word-units'],
    freezeVectors: options.freeze || undefined,
    vectorWords: options['vector-words'],
    characterEncoder: options.characters,
    characterFeatures: options['character-units'],
    longestAffix: options['longest-affix'],
    wordDropout: options['word-dropout'],
    minCount: options['min-count'],
    lower: options['keep-case'] ? false : undefined,
    digits: options['keep-digits'] ? false : undefined,
    validation: options.validation,
    maxEpochs: options['max-epochs'],
    patience: options.patience,
    ...recurrentOptions(options),
  };
}
