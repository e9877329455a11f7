import { defaultVectorWords, TaggerTraining, taggerOptions } from '../../src/index.js';
import { resumeCommand } from '../command-words.js';
import { beginningLines, initOption, readInitial } from '../initial-model.js';
import type { OptionSpecs } from '../options.js';
import { print, printLines } from '../output.js';
import { trainingStart } from '../output-paths.js';
import { showLearningRates } from '../show-learning-rates.js';
import { seenSentencesNote, taggingHints, taggingVerdict } from '../tag/about-tagging.js';
import { tagNames } from '../tag/names.js';
import { agreementTable, percent, scoreTable } from '../tag/show-tagging.js';
import { columnName, readingOf, readWordFile, taggedDataOf, untaggedNote } from '../tag/tagged-files.js';
import { taggedFileOptions } from '../tag/tagged-options.js';
import { counted, withSeparators } from '../text-table.js';
import { defineTrain } from '../train-command.js';
import { quoted, runTrain, showTrained, type TrainRun } from '../train-run.js';
import { coverageLine, readEmbeddingVectors, vectorsOption } from '../vector-options.js';
import { requirePositionals } from '../wrong-usage.js';

const specs = {
  ...taggedFileOptions,
  dev: {
    ofData: true,
    type: 'text',
    once: true,
    value: 'FILE',
    about:
      'Sentences that choose the best epoch. Default: every tenth sentence of FILE, which is then not learned from.',
  },
  test: {
    ofData: true,
    type: 'text',
    once: true,
    value: 'FILE',
    about: 'Sentences that are only measured, at the end.',
  },
  vectors: vectorsOption,
  ...initOption,
} as const satisfies OptionSpecs;

/** `rondo train tag`: a tagger of words. */
export const trainTag = defineTrain({
  name: 'train tag',
  summary: 'Learn to tag words: parts of speech, names, chunks.',
  usage: 'FILE [--column COLUMN] [--dev FILE] [--test FILE] [options]',
  examples: [
    'rondo train tag en-train.conllu --column upos --dev en-dev.conllu --test en-test.conllu --out upos.safetensors',
    'rondo train tag names.txt --out names.safetensors',
    'rondo train tag names.txt --no-crf --characters conv --out plain.safetensors',
    'rondo train tag names.txt --out names.safetensors --resume',
  ],
  table: taggerOptions,
  options: specs,
  async run({ positionals, options }, given) {
    const where = `rondo ${this.name}`;
    requirePositionals(this, positionals, 1);
    const [file] = positionals;
    const { quiet, json } = options;
    const initial = await readInitial(where, options, tagNames);
    const { paths, interrupted } = await trainingStart(where, 'tag', file, options, () => given);
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
      { ...options, ...given },
      () => train.flatMap(({ words }) => words),
      given.vectorWords ?? defaultVectorWords,
    );
    const data = { train, validation, test, vectors, column, reading: readingOf(main), initial };
    const training = new TaggerTraining(data, given, interrupted?.task);
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
      resumeCommand: resumeCommand(this, { positionals, options }, paths.model),
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
