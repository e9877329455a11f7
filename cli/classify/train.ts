import { ClassifierTraining, type ClassWeighting, classifierOptions, defaultVectorWords } from '../../src/index.js';
import { quoted } from '../command-words.js';
import { partOptions } from '../data-options.js';
import { beginningLines, beginningOptions } from '../initial-model.js';
import { accuracyBesideTeacher } from '../teacher-and-student.js';
import { teachingOptions } from '../teaching-options.js';
import { counted, percent, shortNumber, withSeparators } from '../text-table.js';
import { defineTrain, type TrainedModel } from '../train-command.js';
import type { TrainAnswer } from '../train-run.js';
import { coverageLine, readEmbeddingVectors } from '../vector-options.js';
import { WrongUsage } from '../wrong-usage.js';
import { comparedWith, overlapLines, trainingHints } from './about-training.js';
import { classifyNames } from './names.js';
import { readingOf, readLabelled, withReading } from './read-texts.js';
import { readingOptions } from './reading-options.js';
import { reportText } from './show-report.js';

/** `rondo train classify`: a classifier of texts. */
export const train = defineTrain({
  task: classifyNames,
  summary: 'Learn to sort texts into classes.',
  usage: 'FILE... [--text COLUMN] [--label COLUMN] [options]',
  examples: [
    'rondo train classify reviews.csv --text review --label label --out reviews.safetensors',
    'rondo train classify rt-polarity.pos rt-polarity.neg --format class-files --out films.safetensors',
    'rondo train classify train.txt --test test.txt --format lines --label-until : --encoding windows-1252 ' +
      '--out questions.safetensors',
    'rondo train classify reviews.csv --out reviews.safetensors --resume',
    'rondo train classify reviews.csv --teacher reviews.safetensors --out small.safetensors',
  ],
  numFiles: { least: 1, most: Infinity },
  table: classifierOptions,
  readers: { classWeight: classWeighting },
  options: {
    ...readingOptions,
    ...partOptions({
      dev: 'Texts that choose the best epoch and calibrate. Default: a share of the texts.',
      test: 'Texts that are held out for the report. Default: a share of the texts.',
    }),
    ...beginningOptions,
    ...teachingOptions,
  },
  trainsOn: { reading: ({ data }) => data.reading },
  async prepare({ where, files, options, given, initial, teacher, interrupted }) {
    const reading = withReading(options, interrupted?.data.reading ?? {});
    const part = async (file: string | undefined) => (file === undefined ? undefined : readLabelled([file], reading));
    const data = {
      train: await readLabelled(files, reading),
      validation: await part(options.dev),
      test: await part(options.test),
      reading: readingOf(reading),
      initial,
      teacher,
    };
    const vectors = await readEmbeddingVectors(
      where,
      { ...options, ...given },
      () => ClassifierTraining.tokensOf(data.train.texts, given),
      given.vectorWords ?? defaultVectorWords,
    );
    const training = new ClassifierTraining(data, { ...given, vectors }, interrupted);
    const { classifier, beginning } = training;
    const { tokens, batchSize } = classifier.options;
    return {
      task: classifier,
      training,
      unit: 'texts',
      unitsPerStep: batchSize,
      about: [
        ...aboutData(training, options),
        ...beginningLines(options.init, beginning, { tokens, outputs: 'classes', items: 'texts' }),
        ...overlapLines(training),
      ],
      answer: async (trained) => {
        const own = await answerOf(training, trained);
        const theirs = await training.evaluateTeacher();
        return theirs === undefined || teacher === undefined || options.teacher === undefined
          ? own
          : accuracyBesideTeacher(
              own,
              { path: options.teacher, model: teacher.model },
              { path: trained.path, model: classifier },
              { theirs, accuracy: (await training.evaluate()).accuracy, items: 'texts' },
            );
      },
    };
  },
});

function aboutData(
  { classifier, numBatches }: ClassifierTraining,
  files: { readonly dev: string | undefined; readonly test: string | undefined },
): string[] {
  const { data, labels, options, encoder, model } = classifier;
  const from = (file: string | undefined): string => (file === undefined ? '' : ` (${file})`);
  const isSplit = data.shares.validation > 0 || data.shares.test > 0;
  const shown = labels.slice(0, 12).map((label, i) => `${label} ${withSeparators(data.classCounts[i])}`);
  const { cell, units, layers, bidirectional, pooling } = options;
  return [
    `train ${withSeparators(data.numTraining)}, validation ` +
      `${withSeparators(data.numValidation)}${from(files.dev)}, held out ` +
      `${withSeparators(data.numTest)}${from(files.test)} ` +
      `texts${isSplit ? `; split by class with seed ${options.splitSeed}, texts that read alike together` : ''}` +
      (data.numSkipped > 0 ? `; ${withSeparators(data.numSkipped)} without a token left out` : ''),
    `${labels.length} classes: ${shown.join(', ')}${labels.length > shown.length ? ', ...' : ''}`,
    ...(data.vectors === null ? [] : [coverageLine(data.vectors)]),
    `${withSeparators(encoder.size)} different ${options.tokens}; ${layers} x ${cell} of ` +
      `${counted(units, 'unit')}${bidirectional ? ' in both directions' : ''}, pooling ${pooling}, ` +
      `${withSeparators(model.countParams())} parameters; ${withSeparators(numBatches)} steps an epoch`,
  ];
}

async function answerOf(training: ClassifierTraining, { path, seconds }: TrainedModel): Promise<TrainAnswer> {
  const { labels, data, calibration, options } = training.classifier;
  const report = await training.evaluate();
  const baseline = training.baseline();
  const { accuracy, loss } = await training.evaluate({ part: 'validation' });
  const { beaten, line } = comparedWith(baseline, report.accuracy, options.tokens);
  const isHeldOut = report.part === 'held out';
  const sections = [
    `${isHeldOut ? 'held out' : 'the texts that chose the epoch (nothing was held out)'}: ${reportText(report)}`,
    `Use it with: rondo predict ${quoted(path)} FILE, rondo explain ${quoted(path)} TEXT`,
    ...(beaten ? [line] : []),
  ];
  if (calibration !== undefined) {
    const { temperature, errorBefore, errorAfter, numTexts } = calibration;
    const onHeldOut = isHeldOut
      ? `; ${percent(report.uncalibratedError)} before, ${percent(report.calibrationError)} after on those held out`
      : '';
    sections.unshift(
      `temperature ${shortNumber(temperature)}: expected calibration error ${percent(errorBefore)} before, ` +
        `${percent(errorAfter)} after on the ${withSeparators(numTexts)} texts it was fitted to${onHeldOut}`,
    );
  }
  return {
    facts: {
      labels,
      data,
      calibration,
      validation: { accuracy, loss },
      report,
      baseline,
      overlap: training.overlap(),
      beginning: training.beginning,
      seconds,
    },
    sections,
    hints: trainingHints(training),
    verdict: beaten ? undefined : line,
  };
}

/** `balanced`, `none`, or weights by label. @throws WrongUsage */
function classWeighting(text: string): ClassWeighting {
  if (text === 'none' || text === 'balanced') return text;
  const pairs = text.split(',').map((pair) => /^(.+)=([^=]+)$/.exec(pair));
  if (pairs.every((pair) => pair !== null && Number(pair[2]) > 0))
    return Object.fromEntries(pairs.map((pair) => [pair![1].trim(), Number(pair![2])]));
  throw new WrongUsage({
    where: 'rondo train classify',
    what: '--class-weight cannot be understood.',
    expected: 'none, balanced, or LABEL=WEIGHT,LABEL=WEIGHT with weights above 0',
    received: text,
    fix: 'write for example --class-weight spam=3,ham=1.',
  });
}
