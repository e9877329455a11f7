import { resolve } from 'node:path';
import { type LoadedTask, RondoError, type TaskModel } from '../../src/index.js';
import { readBytes, readTask, writeFileAtomically } from '../../src/node.js';
import { showReport } from '../answer.js';
import type { CommandLineTask } from '../command-line-task.js';
import { chartOf, requireChart } from '../compress/chart-file.js';
import { lossesOf } from '../compress/choose-form.js';
import {
  fineTuneHint,
  fineTuneOptions,
  requireFineTuning,
  requireTrainable,
  usualEpochs,
} from '../compress/fine-tune-options.js';
import { type FineTuning, prepareTuning } from '../compress/fine-tuning.js';
import { formsReport, type TriedBesides, usualForms } from '../compress/forms-report.js';
import { FormMeasure, stepTimes } from '../compress/measure.js';
import { type CompressionMethod, compressionMethods, hasInt8Weights } from '../compress/methods.js';
import { plainForms } from '../compress/plain-forms.js';
import { bytesOfSize } from '../compress/size-text.js';
import { tryNetworks } from '../compress/try-networks.js';
import { interruptions } from '../interruptions.js';
import {
  defineCommand,
  type Given,
  inferenceOptions,
  jsonOption,
  type OptionSpec,
  type OptionValue,
} from '../options.js';
import { say } from '../output.js';
import { defaultOutput, requireNewFile } from '../output-paths.js';
import { styleOf } from '../style.js';
import { optionsOfTasks, requireOwnOptions } from '../task-options.js';
import { loadWithTask } from '../tasks.js';
import { ProgressLine } from '../terminal/progress.js';
import { counted, shortNumber, withSeparators } from '../text-table.js';
import { requirePositionals, WrongUsage } from '../wrong-usage.js';

/** `rondo compress`: a smaller file of a model, and what that costs. */
export const compress = defineCommand({
  name: 'compress',
  summary: 'Make a model smaller and faster, and say what that costs.',
  usage: 'MODEL [--int8 | ... | --fine-tune FILE...] [--data FILE...] [options]',
  examples: [
    'rondo compress shakespeare.safetensors --data sonnets.txt',
    'rondo compress reviews.safetensors --int8 --data held-out.csv --out reviews-int8.safetensors',
    'rondo compress upos.safetensors --budget 200kB --data en-test.conllu --fine-tune en-train.conllu',
    'rondo compress words.safetensors --fine-tune ptb.train.txt --data ptb.test.txt --chart words.svg',
  ],
  options: {
    ...(Object.fromEntries(
      compressionMethods.map(({ name, about }): [string, OptionSpec] => [name, { type: 'flag', about }]),
    ) as Record<(typeof compressionMethods)[number]['name'], { type: 'flag'; about: string }>),
    data: {
      type: 'texts',
      value: 'FILE',
      about: 'Data to measure the model on, as `rondo evaluate` reads them; again for each further file.',
    },
    budget: {
      type: 'text',
      value: 'SIZE',
      about:
        'The largest that the file may be: 200kB, 1.5MB. Of the forms that fit, the best one is written; where none does, ' +
        'nothing is, and the exit code is 1.',
    },
    ...fineTuneOptions,
    out: {
      type: 'text',
      value: 'FILE',
      about:
        'Where the model goes. Default: the name of the model with that of the form, with --fine-tune with ' +
        '-compressed, in this folder.',
    },
    chart: {
      type: 'text',
      value: 'OUT.svg|OUT.html',
      about: 'Draw quality over size of all forms, the best of each size joined, as an SVG file or a page.',
    },
    force: { type: 'flag', about: 'Overwrite an existing model or chart.' },
    ...optionsOfTasks('evaluate'),
    ...inferenceOptions,
    ...jsonOption,
  },
  async run({ positionals, options }) {
    requirePositionals(this, positionals, 1);
    const [path] = positionals;
    const where = `rondo ${this.name}`;
    const { out: given, chart, force, json } = options;
    const methods = chosenMethods(where, options);
    const isChosenHere = methods === compressionMethods;
    const learned = options['fine-tune'];
    await requireFineTuning(where, options, isChosenHere ? [] : methods.map(({ name }) => name));
    const data = options.data ?? learned ?? [];
    const budget = options.budget === undefined ? undefined : bytesOfSize(where, options.budget);
    // Known before anything is measured, but where the form is chosen here.
    const early =
      given ??
      (learned !== undefined
        ? defaultOutput(path, '-compressed.safetensors')
        : isChosenHere
          ? undefined
          : defaultOutput(path, `-${methods[0].name}.safetensors`));
    if (early !== undefined) await requireNewFile(where, '--out', early, force);
    if (chart !== undefined && early !== undefined && resolve(chart) === resolve(early)) throw sameFile(where, chart);
    if (chart !== undefined) await requireChart(where, chart, { force, isMeasured: data.length > 0 });
    const { model, task } = await loadWithTask(where, path);
    requireOwnOptions(where, task, 'evaluate', options);
    const fileBytes = await readBytes(path);
    refuseCheckpoint(where, await readTask(fileBytes, path));
    if (learned !== undefined) requireTrainable(where, path, model);
    const measure = await FormMeasure.of(task, data, { where, path, options });
    const interruption = interruptions('Stopping after this step; what was made so far is compared.');
    const { signal } = interruption;
    try {
      const tuning = learned && {
        ...tuningOf(task, options),
        ...{ where, files: learned, trainOn: (await task.train()).trainOn, signal },
      };
      // Files that cannot be trained on are said before anything is measured.
      const trainable = tuning && (await prepareTuning(tuning, model));
      const original = await measure.form('as it is', fileBytes);
      if (data.length > 0 && original.quality === undefined) throw nothingNew(where, data, learned === undefined);
      if (trainable !== undefined) await measure.qualityOf(trainable.task);
      const plain = await plainForms(methods, { path, fileBytes, measure, signal, areAskedFor: !isChosenHere });
      let made = plain.made;
      let besides: TriedBesides | undefined;
      if (tuning !== undefined) {
        const { quality } = task;
        const {
          forms,
          learningRate: rate,
          ...others
        } = await tryNetworks({
          ...{ path, fileBytes, measure, budget, tuning, plain: made, about: quality.about },
          lossOf: lossesOf(original, quality),
        }).finally(() => tuning.progress?.finish());
        made = [...made, ...forms];
        const { dev } = options;
        besides = { data: dataLines({ measured: data, ...tuning, dev, rate }, measure), ...others };
      }
      if (made.length === 0 && plain.left.length > 0) {
        say('Stopped before any form was made; nothing was written.');
        process.exitCode = interruption.exitCode;
        return;
      }
      if (made.length === 0) throw nothingToCompress(where, methods, model);
      const [originalUs, ...timesUs] = stepTimes([original, ...made].map((form) => form.model));
      const report = formsReport({
        path,
        original: { ...original, stepUs: originalUs },
        forms: made.map((form, i) => ({ ...form, stepUs: timesUs[i] })),
        usual: isChosenHere && learned === undefined ? usualForms : undefined,
        budget,
        quality: task.quality,
        besides,
        left: plain.left,
        hint: isChosenHere && learned === undefined ? fineTuneHint : undefined,
      });
      const out = report.fits ? (early ?? defaultOutput(path, `-${report.chosen.name}.safetensors`)) : undefined;
      if (out !== undefined) {
        if (early === undefined) await requireNewFile(where, '--out', out, force);
        await writeFileAtomically(out, report.chosen.bytes);
      }
      if (chart !== undefined) await writeFileAtomically(chart, chartOf(chart, path, report.shown, task.quality));
      showReport(report.told(out, chart === undefined ? [] : [`wrote ${chart}`]), json);
      if (!report.fits) process.exitCode = 1;
      if (plain.left.length > 0 || (besides?.interrupted.length ?? 0) > 0) process.exitCode = interruption.exitCode;
    } finally {
      interruption.end();
    }
  },
});

/** How networks are trained on, as far as the command line says it. */
function tuningOf(
  task: CommandLineTask<TaskModel>,
  options: Given<typeof fineTuneOptions> & Given<typeof jsonOption>,
): Pick<FineTuning, 'reading' | 'epochs' | 'learningRate' | 'seed' | 'progress'> {
  const { dev, epochs = usualEpochs, 'learning-rate': learningRate, seed = 0, quiet, json } = options;
  const said = options as Readonly<Record<string, OptionValue>>;
  const own = Object.keys(task.options.evaluate).map((name) => [name, said[name]]);
  const { ascii } = styleOf(process.stderr);
  return {
    ...{ reading: { ...Object.fromEntries(own), dev }, epochs, learningRate, seed },
    progress: quiet || json ? undefined : new ProgressLine(process.stderr, { ascii }),
  };
}

interface UsedData {
  readonly measured: readonly string[];
  readonly files: readonly string[];
  readonly dev: string | undefined;
  readonly epochs: number;
  readonly rate: number | undefined;
}

/** Which data were used for what. */
function dataLines({ measured, files: learned, dev, epochs, rate }: UsedData, { on }: FormMeasure): string[] {
  const known = learned.map((file) => resolve(file));
  const isHeldOut = measured.every((file) => known.includes(resolve(file)));
  const from = isHeldOut ? `what training holds out of ${measured.join(', ')}` : measured.join(', ');
  const chosen = on?.haveChosen ? ', which also chose the best epochs: figures are a little kind' : '';
  return [
    ...(on === undefined ? [] : [`measured on ${from}: ${withSeparators(on.count)} ${on.items}${chosen}`]),
    ...(rate === undefined
      ? []
      : [
          `fine-tuned on ${learned.join(', ')}: ${counted(epochs, 'epoch')} for each network, at rates up to ` +
            `${shortNumber(rate)}; ${dev ?? 'a part that is held out of it'} chose the best epoch`,
        ]),
  ];
}

/** Those that are asked for; all where none is. */
function chosenMethods(where: string, options: Readonly<Record<string, unknown>>): readonly CompressionMethod[] {
  const asked = compressionMethods.filter(({ name }) => options[name] === true);
  if (asked.length > 1)
    throw new WrongUsage({
      where,
      what: 'one form is written at a time.',
      expected: `one of ${compressionMethods.map(({ name }) => `--${name}`).join(', ')}, or none to compare them all`,
      received: asked.map(({ name }) => `--${name}`).join(', '),
      fix: 'leave the others out.',
    });
  if (asked.length > 0 && options.budget !== undefined)
    throw new WrongUsage({
      where,
      what: '--budget chooses the form itself.',
      expected: '--budget, or the name of a form',
      received: asked.map(({ name }) => `--${name}`).join(', '),
      fix: 'leave one of them out.',
    });
  return asked.length > 0 ? asked : compressionMethods;
}

function nothingNew(where: string, data: readonly string[], isOptional: boolean): RondoError {
  return new RondoError('USAGE', {
    where,
    what: 'the model has learned from all of these data, so nothing tells which form is good.',
    expected: 'data that it has not seen',
    received: data.join(', '),
    fix: `give others, --data FILE${isOptional ? ', or leave --data out to measure nothing' : ''}.`,
  });
}

function sameFile(where: string, path: string): WrongUsage {
  return new WrongUsage({
    where,
    what: '--chart and the model are the same file.',
    expected: 'two names',
    received: path,
    fix: 'give --chart another name.',
  });
}

function nothingToCompress(where: string, methods: readonly CompressionMethod[], model: TaskModel): RondoError {
  const [{ name }, ...others] = methods;
  if (name === 'blocks' && others.length === 0)
    return new RondoError('USAGE', {
      where,
      what: 'no weight has blocks of zeros to leave out.',
      expected: 'a model that was pruned in blocks while it was trained',
      fix: 'train one with --prune, or choose another form.',
    });
  return new RondoError('USAGE', {
    where,
    what: `the weights are compressed already: ${
      hasInt8Weights(model)
        ? 'those of 8 bits are not rounded again.'
        : `${others.length === 0 ? `as ${name}` : 'in any form'} the file would be no smaller.`
    }`,
    expected: 'weights of 32 bits',
    fix: 'give the model as it was trained.',
  });
}

/** @throws USAGE for an interrupted training, whose state a compressed file would lose */
function refuseCheckpoint(where: string, { training }: LoadedTask): void {
  if (training === undefined) return;
  throw new RondoError('USAGE', {
    where,
    what: 'the file is a checkpoint of a training that has not ended.',
    expected: 'a finished model',
    fix: 'end the training with --resume first.',
  });
}
