import { ClassifierTraining, type ClassWeighting, classifierOptions, defaultVectorWords } from '../../src/index.js';
import { comparedWith, overlapLines, trainingHints } from '../classify/about-training.js';
import { classifyNames } from '../classify/names.js';
import { readingOf, readLabelled, withReading } from '../classify/read-texts.js';
import { readingOptions } from '../classify/reading-options.js';
import { percent, reportText } from '../classify/show-report.js';
import { resumeCommand } from '../command-words.js';
import { beginningLines, initOption, readInitial } from '../initial-model.js';
import type { OptionSpecs } from '../options.js';
import { printLines } from '../output.js';
import { trainingStart } from '../output-paths.js';
import { showLearningRates } from '../show-learning-rates.js';
import { counted, shortNumber, withSeparators } from '../text-table.js';
import { defineTrain } from '../train-command.js';
import { quoted, runTrain, showTrained, type TrainRun } from '../train-run.js';
import { coverageLine, readEmbeddingVectors, vectorsOption } from '../vector-options.js';
import { requirePositionals, WrongUsage } from '../wrong-usage.js';

const specs = {
  ...readingOptions,
  dev: {
    ofData: true,
    type: 'text',
    once: true,
    value: 'FILE',
    about: 'Texts that choose the best epoch and calibrate. Default: a share of the texts.',
  },
  test: {
    ofData: true,
    type: 'text',
    once: true,
    value: 'FILE',
    about: 'Texts that are held out for the report. Default: a share of the texts.',
  },
  vectors: vectorsOption,
  ...initOption,
} as const satisfies OptionSpecs;

/** `rondo train classify`: a classifier of texts. */
export const trainClassify = defineTrain({
  name: 'train classify',
  summary: 'Learn to sort texts into classes.',
  usage: 'FILE... [--text COLUMN] [--label COLUMN] [options]',
  examples: [
    'rondo train classify reviews.csv --text review --label label --out reviews.safetensors',
    'rondo train classify rt-polarity.pos rt-polarity.neg --format class-files --out films.safetensors',
    'rondo train classify train.txt --test test.txt --format lines --label-until : --encoding windows-1252 ' +
      '--out questions.safetensors',
    'rondo train classify reviews.csv --out reviews.safetensors --resume',
  ],
  table: classifierOptions,
  readers: { classWeight: classWeighting },
  options: specs,
  async run({ positionals, options }, given) {
    const where = `rondo ${this.name}`;
    requirePositionals(this, positionals, 1, Infinity);
    const { quiet, json } = options;
    const initial = await readInitial(where, options, classifyNames);
    const { paths, interrupted } = await trainingStart(
      where,
      'classify',
      positionals[0].replace(/\/+$/, ''),
      options,
      () => given,
    );
    const reading = withReading(options, interrupted?.task.data.reading ?? {});
    const part = async (file: string | undefined) => (file === undefined ? undefined : readLabelled([file], reading));
    const data = {
      train: await readLabelled(positionals, reading),
      validation: await part(options.dev),
      test: await part(options.test),
      reading: readingOf(reading),
      initial,
    };
    const vectors = await readEmbeddingVectors(
      where,
      { ...options, ...given },
      () => ClassifierTraining.tokensOf(data.train.texts, given),
      given.vectorWords ?? defaultVectorWords,
    );
    const training = new ClassifierTraining(data, { ...given, vectors }, interrupted?.task);
    const { classifier, numBatches } = training;
    const lines = [...aboutData(training, options), ...beginningOf(options.init, training), ...overlapLines(training)];
    if (!json) printLines(lines);
    if (options['find-learning-rate']) return showLearningRates(this, { positionals, options }, training);
    const run: TrainRun = {
      task: classifier,
      paths,
      epochs: classifier.options.maxEpochs,
      rounds: classifier.options,
      numBatches,
      unitsPerStep: classifier.options.batchSize,
      unit: 'texts',
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
    const report = await training.evaluate();
    const baseline = training.baseline();
    const { calibration } = classifier;
    const { accuracy, loss } = await training.evaluate({ part: 'validation' });
    const { beaten, line } = comparedWith(baseline, report.accuracy, classifier.options.tokens);
    const sections = [
      `${report.part === 'held out' ? 'held out' : 'the texts that chose the epoch (nothing was held out)'}: ` +
        reportText(report),
      `Use it with: rondo predict ${quoted(paths.model)} FILE, rondo explain ${quoted(paths.model)} TEXT`,
      ...(beaten ? [line] : []),
    ];
    if (calibration !== undefined) {
      const { temperature, errorBefore, errorAfter, numTexts } = calibration;
      const onHeldOut =
        report.part === 'held out'
          ? `; ${percent(report.uncalibratedError)} before, ${percent(report.calibrationError)} after on those held out`
          : '';
      sections.unshift(
        `temperature ${shortNumber(temperature)}: expected calibration error ${percent(errorBefore)} before, ` +
          `${percent(errorAfter)} after on the ${withSeparators(numTexts)} texts it was fitted to${onHeldOut}`,
      );
    }
    const facts = {
      labels: classifier.labels,
      data: classifier.data,
      calibration,
      validation: { accuracy, loss },
      report,
      baseline,
      overlap: training.overlap(),
      beginning: training.beginning,
      seconds,
    };
    await showTrained(
      run,
      outcome,
      { facts, sections, hints: trainingHints(training), verdict: beaten ? undefined : line },
      json,
    );
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

function beginningOf(path: string | undefined, { beginning, classifier }: ClassifierTraining): string[] {
  if (path === undefined || beginning === undefined) return [];
  return beginningLines(path, beginning, { tokens: classifier.options.tokens, outputs: 'classes', items: 'texts' });
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
