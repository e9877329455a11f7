import {
  type TranslationReport,
  type Translator,
  type TranslatorOptions,
  TranslatorTraining,
  translatorOptions,
} from '../../src/index.js';
import { quoted } from '../command-words.js';
import { partOptions } from '../data-options.js';
import { beginningLines, initialOption, unknownLines } from '../initial-model.js';
import { requireSequenceTeacher } from '../sequence-level.js';
import { answerBesideTeacher } from '../teacher-and-student.js';
import { teachingOptions } from '../teaching-options.js';
import { counted, withSeparators } from '../text-table.js';
import { defineTrain, type TrainedModel } from '../train-command.js';
import type { TrainAnswer } from '../train-run.js';
import { translateNames } from './names.js';
import { readingOf, readPairFiles, readPairOption } from './read-pair-files.js';
import { aboutTaughtPairs, sequenceLevelOptions, taughtPairs } from './sequence-level.js';
import { comparedWithBaseline, seenSourcesNote, translationScores } from './show-translations.js';
import { pairOptions } from './translate-options.js';

const files = 'a file of pairs, or SOURCE,TARGET.';

/** `rondo train translate`: a model that turns texts into others. */
export const train = defineTrain({
  task: translateNames,
  summary: 'Learn to turn texts into others from pairs: translation, spelling to sound, dates.',
  usage: 'SOURCE TARGET | PAIRS [options]',
  examples: [
    'rondo train translate train.de train.en --dev val.de,val.en --test test.de,test.en --out de-en.safetensors',
    'rondo train translate dictionary.tsv --out sounds.safetensors',
    'rondo train translate dates.csv --source text --target iso --out dates.safetensors',
    'rondo train translate dictionary.tsv --out sounds.safetensors --resume',
    'rondo train translate names.tsv --init sounds.safetensors --out names.safetensors',
    'rondo train translate train.de train.en --teacher de-en.safetensors --sequence-level --out small.safetensors',
  ],
  numFiles: { least: 1, most: 2 },
  table: translatorOptions,
  options: {
    ...pairOptions,
    ...partOptions({
      dev: `Pairs that choose the best epoch: ${files} Default: a share of the pairs.`,
      test: `Pairs that are held out for the report: ${files} Default: a share of the pairs.`,
    }),
    ...initialOption,
    ...teachingOptions,
    ...sequenceLevelOptions,
  },
  trainsOn: {
    // Two files name no columns.
    reading: ({ pairs: { reading } }, files) => (files.length === 1 ? reading : { encoding: reading.encoding }),
  },
  async prepare({ where, files: given, options, given: own, initial, teacher, interrupted }) {
    requireSequenceTeacher(where, options);
    const read = {
      train: await readPairFiles(given, options),
      validation: await readPairOption(options.dev, options),
      test: await readPairOption(options.test, options),
      initial,
      teacher,
      reading: readingOf(given, options),
    };
    const data = await taughtPairs(read, withSplitOf(interrupted, own), options);
    const training = new TranslatorTraining(data, own, interrupted);
    const { translator, numBatches } = training;
    return {
      task: translator,
      training,
      unit: 'pairs',
      unitsPerStep: Math.round(translator.pairs.numPairs.train / numBatches),
      about: [...aboutTraining(training, read.train.length, options.init), ...aboutTaughtPairs(data)],
      answer: async (trained) => {
        const answer = await answerOf(training, trained);
        return teacher === undefined || options.teacher === undefined
          ? answer
          : besideTeacher(answer, training, { path: options.teacher, model: teacher.model }, trained);
      },
    };
  },
});

/** The options of a training with the split of the one that it goes on with. */
function withSplitOf(interrupted: Translator | undefined, own: TranslatorOptions): TranslatorOptions {
  if (interrupted === undefined) return own;
  const { validation, test, splitSeed } = interrupted.options;
  return { ...own, validation, test, splitSeed };
}

function aboutTraining(
  { translator, beginning, unknownToTeacher, numTooLong, numEmpty, numBatches }: TranslatorTraining,
  numRead: number,
  init: string | undefined,
): string[] {
  const { codecs, pairs: facts, options, model } = translator;
  const { train: numTrain, validation, test } = facts.numPairs;
  const { cell, units, layers, attention, encoder, timesteps } = options;
  const side = ({ size, kind }: typeof codecs.source): string => `${withSeparators(size)} ${kind}`;
  return [
    `${counted(numRead, 'pair')}: train ${withSeparators(numTrain)}, validation ${withSeparators(validation)}, held out ` +
      `${withSeparators(test)}`,
    ...(numEmpty === 0 ? [] : [`${counted(numEmpty, 'pair')} with an empty side left out`]),
    ...(numTooLong === 0
      ? []
      : [`${counted(numTooLong, 'pair')} with more than ${timesteps} tokens on a side left out`]),
    facts.isShared
      ? `both sides: ${side(codecs.source)}`
      : `source: ${side(codecs.source)}, target: ${side(codecs.target)}`,
    ...beginningLines(init, beginning, { tokens: 'tokens', items: 'sources' }),
    ...unknownLines(unknownToTeacher, 'tokens', "the teacher's"),
    `${layers} x ${cell} of ${counted(units, 'unit')} each side, ` +
      `${encoder === 'hybrid' ? 'self-attention above the encoder, ' : ''}${attention} attention, ` +
      `${withSeparators(model.countParams())} parameters; ${counted(numBatches, 'step')} an epoch of up to ` +
      `${withSeparators(options.batchTokens)} tokens`,
  ];
}

async function answerOf(
  training: TranslatorTraining,
  { path, numEpochs, seconds, isQuiet }: TrainedModel,
): Promise<TrainAnswer> {
  const { translator, parts } = training;
  const part = parts.test.length > 0 ? 'test' : parts.validation.length > 0 ? 'validation' : undefined;
  const report: TranslationReport | undefined = part && (await training.evaluate(part));
  const compared = report && comparedWithBaseline(report);
  const seen = report && part === 'test' ? seenSourcesNote(report) : undefined;
  const said = part === 'test' ? 'held out' : 'the pairs that chose the epoch (nothing was held out)';
  return {
    facts: {
      pairs: { ...translator.pairs, seen: undefined },
      beginning: training.beginning,
      seconds,
      pairsPerSecond: (numEpochs * translator.pairs.numPairs.train) / seconds,
      measured: part ?? null,
      report,
    },
    sections: [
      ...(report === undefined ? [] : [`${said}\n${translationScores(report)}`]),
      ...(seen === undefined ? [] : [seen]),
      ...(compared?.isBeaten === true ? [compared.line] : []),
      ...(isQuiet ? [] : [`Translate with: rondo translate ${quoted(path)} TEXT|FILE|-`]),
    ],
    verdict:
      compared === undefined
        ? 'Nothing was held out, so nobody knows how good the model is.'
        : compared.isBeaten
          ? undefined
          : compared.line,
  };
}

/** The same with what the student has lost at the end, on what the answer measures; as it is where nothing was. */
async function besideTeacher(
  own: TrainAnswer,
  { translator, parts }: TranslatorTraining,
  teacher: { readonly path: string; readonly model: Translator },
  { path }: TrainedModel,
): Promise<TrainAnswer> {
  const { measured, report } = own.facts as { measured: 'test' | 'validation' | null; report?: TranslationReport };
  if (measured === null || report === undefined) return own;
  const theirs = await teacher.model.evaluate(parts[measured]);
  // Each leaves out what it has learned from.
  if (theirs.numSources !== report.numSources)
    return {
      ...own,
      verdict:
        `The student and its teacher were measured on ${report.numSources} and ${theirs.numSources} sources, since each has ` +
        'learned from others: give --test pairs that neither has seen to compare them.',
    };
  const student = { path, model: translator };
  return answerBesideTeacher(own, teacher, student, {
    measure: 'chrF',
    better: 'higher',
    teacher: theirs.chrF.score,
    student: report.chrF.score,
  });
}
