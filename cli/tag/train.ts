import {
  defaultVectorWords,
  type TaggedSentence,
  type TaggerReport,
  TaggerTraining,
  taggerOptions,
} from '../../src/index.js';
import { quoted } from '../command-words.js';
import { partOptions } from '../data-options.js';
import { beginningLines, beginningOptions } from '../initial-model.js';
import { accuracyBesideTeacher } from '../teacher-and-student.js';
import { tagTeachingOptions } from '../teaching-options.js';
import { counted, withSeparators } from '../text-table.js';
import { defineTrain, type TrainedModel } from '../train-command.js';
import type { TrainAnswer } from '../train-run.js';
import { coverageLine, readEmbeddingVectors } from '../vector-options.js';
import { seenSentencesNote, taggingHints, taggingVerdict } from './about-tagging.js';
import { tagNames } from './names.js';
import { agreementTable, percent, scoreTable } from './show-tagging.js';
import { columnName, readingOf, readWordFile, taggedDataOf, untaggedNote } from './tagged-files.js';
import { taggedFileOptions } from './tagged-options.js';

/** `rondo train tag`: a tagger of words. */
export const train = defineTrain({
  task: tagNames,
  summary: 'Learn to tag words: parts of speech, names, chunks.',
  usage: 'FILE [--column COLUMN] [--dev FILE] [--test FILE] [options]',
  examples: [
    'rondo train tag en-train.conllu --column upos --dev en-dev.conllu --test en-test.conllu --out upos.safetensors',
    'rondo train tag names.txt --out names.safetensors',
    'rondo train tag names.txt --no-crf --characters conv --out plain.safetensors',
    'rondo train tag names.txt --out names.safetensors --resume',
    'rondo train tag names.txt --teacher names.safetensors --out small.safetensors',
  ],
  table: taggerOptions,
  options: {
    ...taggedFileOptions,
    ...partOptions({
      dev: 'Sentences that choose the best epoch. Default: every tenth sentence of FILE, which is then not learned from.',
      test: 'Sentences that are only measured, at the end.',
    }),
    ...beginningOptions,
    ...tagTeachingOptions,
  },
  trainsOn: {
    reading: ({ sentences: { column, reading } }) => ({
      column: column ?? undefined,
      'word-column': reading?.wordColumn === undefined ? undefined : Number(reading.wordColumn),
    }),
  },
  async prepare({ where, files: [file], options, given, initial, teacher, interrupted }) {
    const main = await readWordFile(file, options);
    const column = interrupted?.sentences.column ?? columnName(where, main, options);
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
    const taught = teacher && { model: teacher.model, temperature: teacher.temperature, alpha: teacher.alpha };
    const data = { train, validation, test, vectors, column, reading: readingOf(main), initial, teacher: taught };
    const training = new TaggerTraining(data, given, interrupted);
    const { tagger, beginning, numWords, numBatches } = training;
    const { scheme } = tagger.sentences;
    return {
      task: tagger,
      training,
      unit: 'words',
      unitsPerStep: Math.round(numWords.train / numBatches),
      about: [
        ...notes,
        `${file}: column ${column}, ${withSeparators(tagger.codec.tags.length)} ` +
          `tags${scheme === null ? '' : `, spans by ${scheme}`}`,
        ...aboutSentences(training, test),
        ...beginningLines(options.init, beginning, { tokens: 'words', outputs: 'tags', items: 'sentences' }),
        ...aboutNetwork(training),
      ],
      answer: async (trained) => {
        const own = await answerOf(training, { column, test }, trained);
        const theirs = await training.evaluateTeacher(test);
        const reports = own.facts as { readonly validation: TaggerReport; readonly test: TaggerReport | undefined };
        return theirs === undefined || teacher === undefined || options.teacher === undefined
          ? own
          : accuracyBesideTeacher(
              own,
              { path: options.teacher, model: teacher.model },
              { path: trained.path, model: tagger },
              { theirs, accuracy: (reports.test ?? reports.validation).accuracy, items: 'sentences' },
            );
      },
    };
  },
});

function aboutSentences(
  { tagger, numSentences, numWords }: TaggerTraining,
  test: readonly TaggedSentence[] | undefined,
): string[] {
  const { vectors } = tagger.sentences;
  return [
    `train ${counted(numSentences.train, 'sentence')} of ${counted(numWords.train, 'word')}, ` +
      `validation ${withSeparators(numSentences.validation)} of ` +
      withSeparators(numWords.validation) +
      (test === undefined ? '' : `, test ${withSeparators(test.length)}`),
    ...(vectors === null ? [] : [coverageLine(vectors)]),
  ];
}

function aboutNetwork({ tagger }: TaggerTraining): string[] {
  const { cell, units, layers, crf } = tagger.options;
  const shares = tagger.sentences.baseline.map(({ part, accuracy }) => `${percent(accuracy)} % of the ${part} words`);
  return [
    `${layers} x ${cell} of 2 x ${counted(units, 'unit')}, ` +
      `${crf ? 'conditional random field' : 'every tag by itself'}, ` +
      `${withSeparators(tagger.model.countParams())} parameters`,
    `HMM baseline: ${shares.join(', ')}`,
  ];
}

async function answerOf(
  training: TaggerTraining,
  { column, test }: { readonly column: string; readonly test: readonly TaggedSentence[] | undefined },
  { path, numEpochs, seconds, isQuiet }: TrainedModel,
): Promise<TrainAnswer> {
  const { tagger, numSentences, numWords, beginning } = training;
  const reports = {
    validation: await training.evaluate(),
    test: test === undefined ? undefined : await tagger.evaluate(test),
  };
  const report = reports.test ?? reports.validation;
  return {
    facts: {
      column,
      tags: tagger.codec.tags,
      numSentences,
      numWords,
      vectors: tagger.sentences.vectors,
      beginning,
      seconds,
      wordsPerSecond: (numEpochs * numWords.train) / seconds,
      ...reports,
    },
    sections: [
      ...Object.entries(reports).flatMap(([part, own]) => (own === undefined ? [] : [`${part}\n${scoreTable(own)}`])),
      agreementTable(report),
      ...[
        seenSentencesNote(reports.validation, 'validation'),
        reports.test && seenSentencesNote(reports.test, 'test'),
      ].filter((note) => note !== undefined),
      ...(isQuiet ? [] : [`Tag text with: echo 'Some words here .' | rondo predict ${quoted(path)} -`]),
    ],
    hints: taggingHints(training, report),
    verdict: taggingVerdict(report),
  };
}
