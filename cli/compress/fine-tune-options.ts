import { realpath } from 'node:fs/promises';
import { RondoError, type TaskModel } from '../../src/index.js';
import type { OptionSpecs } from '../options.js';
import { filesOf } from '../protect-inputs.js';
import { rateOfTrainingOn } from '../train-on.js';
import { notTogether, WrongUsage } from '../wrong-usage.js';

/** Of each network, unless it is said. */
export const usualEpochs = 2;

/** Options of `rondo compress` that train networks with fewer weights. */
export const fineTuneOptions = {
  'fine-tune': {
    type: 'texts',
    value: 'FILE',
    about:
      'Try networks with fewer weights too, of a low rank and pruned, and train each of them on with these data, read as ' +
      "those of the model's training; again for each further file. Without --data all is measured on the part of them " +
      'that this holds out.',
  },
  dev: {
    type: 'text',
    value: 'FILE',
    about:
      'Of --fine-tune: data that choose the best epoch, as of the training of the model where it had such. Default: a share ' +
      'of those that are trained with.',
  },
  epochs: {
    type: 'count',
    value: 'N',
    about: `Of --fine-tune: passes over its data for each network. Default ${usualEpochs}.`,
  },
  'learning-rate': {
    type: 'number',
    value: 'RATE',
    about:
      `Of --fine-tune: the largest rate. Default ${rateOfTrainingOn} of the one that the model was trained with, and that ` +
      'one for networks whose weights are pruned.',
  },
  seed: { type: 'whole', value: 'N', about: 'Of --fine-tune: makes it repeatable. Default 0.' },
  quiet: { type: 'flag', about: 'Of --fine-tune: show no progress.' },
} as const satisfies OptionSpecs;

interface GivenData {
  readonly dev?: string | undefined;
  readonly data?: readonly string[] | undefined;
  readonly 'fine-tune'?: readonly string[] | undefined;
}

/**
 * What can be known before anything is read.
 *
 * @param methods names of forms that are asked for.
 * @throws WrongUsage for options that would be ignored, and data that cannot be read again or would be both learned from
 *   and measured
 */
export async function requireFineTuning(
  where: string,
  options: GivenData & Readonly<Record<string, unknown>>,
  methods: readonly string[],
): Promise<void> {
  const files = options['fine-tune'];
  const ofTuning = Object.keys(fineTuneOptions).filter((name) => name !== 'fine-tune');
  const alone = ofTuning.find((name) => options[name] !== undefined && options[name] !== false);
  if (files === undefined && alone !== undefined)
    throw new WrongUsage({
      where,
      what: `--${alone} belongs to --fine-tune.`,
      expected: '--fine-tune FILE',
      received: `--${alone}`,
      fix: 'name the data that networks with fewer weights are trained on with, or leave it out.',
    });
  if (files === undefined) return;
  if (methods.length > 0)
    throw notTogether(where, [`--${methods[0]}`, '--fine-tune'], 'leave one out: --fine-tune tries all forms.');
  for (const option of ['data', 'fine-tune'] as const)
    if (options[option]?.includes('-'))
      throw new WrongUsage({
        where,
        what: `--${option} is read several times, which the standard input cannot be.`,
        expected: 'the name of a file',
        received: '-',
        fix: 'write it to a file first.',
      });
  if (options.dev !== undefined && options.data === undefined)
    throw new WrongUsage({
      where,
      what: 'with --dev nothing of what is trained with is held out, to measure on.',
      expected: '--data FILE beside --dev',
      fix: 'name data that training has not seen, or leave --dev out.',
    });
  await requireApart(where, files, options.data ?? files, options.dev);
}

/**
 * Files of both are measured as far as a training holds them out: of one alone of several it does not say, and where others
 * choose the best epoch it is nothing.
 */
async function requireApart(
  where: string,
  learned: readonly string[],
  measured: readonly string[],
  dev: string | undefined,
): Promise<void> {
  const pathsOf = (files: readonly string[]): Promise<string[]> =>
    Promise.all(files.map((file) => realpath(file).catch(() => file)));
  const [own, others, choosing] = await Promise.all([
    pathsOf(learned),
    pathsOf(measured),
    pathsOf(dev === undefined ? [] : filesOf(dev)),
  ]);
  const known = [...own, ...choosing];
  const shared = measured.filter((_, i) => known.includes(others[i]));
  const areSame = shared.length === measured.length && own.every((file) => others.includes(file));
  if (shared.length === 0 || (areSame && dev === undefined)) return;
  throw new WrongUsage({
    where,
    what: 'a part of the data would be both learned from and measured.',
    expected:
      'other files for --data than for --fine-tune' +
      (dev === undefined ? ', or the same ones, of which a part is held out' : ' and --dev'),
    received: `${shared.join(', ')} in both`,
    fix: 'leave it out of one of them.',
  });
}

/** @throws USAGE for a model that is compressed, which no training can go on from */
export function requireTrainable(where: string, path: string, { model }: TaskModel): void {
  if ([...model.namedWeights()].every(([, { variable }]) => variable.compressed === undefined)) return;
  throw new RondoError('USAGE', {
    where,
    what: `the weights of ${path} are compressed already, and cannot be trained.`,
    expected: 'weights of 32 bits',
    fix: 'give the model as it was trained, or leave --fine-tune out.',
  });
}

/** What to say where networks with fewer weights were not tried. */
export const fineTuneHint =
  'Pruning and low rank were not tried, since they need training: give data to learn from, --fine-tune FILE.';
