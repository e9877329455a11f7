import { type LearningRateSearch, RondoError, type TaskLearningRateOptions } from '../src/index.js';
import { commandText } from './command-words.js';
import { interruptions } from './interruptions.js';
import type { CommandLine, OptionSpecs } from './options.js';
import { print, printJson, say } from './output.js';
import { styleOf } from './style.js';
import { linePlot } from './terminal/plot.js';
import { ProgressLine } from './terminal/progress.js';
import { shortNumber } from './text-table.js';

/** What can look for a learning rate: the training of any task. */
export interface RateSearching {
  findLearningRate(options: TaskLearningRateOptions): Promise<LearningRateSearch>;
}

/**
 * `rondo train ... --find-learning-rate`: runs the range test on the task's model and data, and shows what it saw.
 *
 * @param caution what to know of the suggestion.
 */
export async function showLearningRates(
  { name }: { readonly name: string },
  { positionals, options }: CommandLine<OptionSpecs>,
  training: RateSearching,
  caution?: string,
): Promise<void> {
  const { json, quiet } = options;
  const interruption = interruptions();
  const line = new ProgressLine(process.stderr, { ascii: styleOf(process.stderr).ascii });
  const steps = 100;
  const onStep: TaskLearningRateOptions['onStep'] = ({ number, learningRate, smoothed }) =>
    line.update({
      label: 'range test',
      done: number,
      total: steps,
      unit: 'steps',
      metrics: { rate: learningRate, loss: smoothed },
    });
  try {
    const result = await training.findLearningRate({
      steps,
      signal: interruption.signal,
      onStep: json || quiet ? undefined : onStep,
    });
    line.finish();
    const command =
      result.suggested === null
        ? null
        : commandText(name, positionals, {
            ...options,
            'find-learning-rate': false,
            json: false,
            'learning-rate': result.suggested,
          });
    if (json) printJson({ ...result, command });
    else print([...(quiet ? [] : [plotOf(result), '']), ...verdict(result, command, caution)].join('\n'));
  } catch (error) {
    line.finish();
    if (!(error instanceof RondoError && error.code === 'ABORTED')) throw error;
    say('Stopped; nothing was trained and nothing written.');
    process.exitCode = interruption.exitCode;
  } finally {
    interruption.end();
  }
}

function lowestOf(values: readonly number[]): number {
  return values.reduce((least, value) => Math.min(least, value), Infinity);
}

function plotOf({ learningRates, smoothed }: LearningRateSearch): string {
  const { width, colour, ascii } = styleOf();
  const lowest = lowestOf(smoothed);
  // What comes after the blow-up would press the rest into a line.
  const highest =
    smoothed.slice(0, Math.ceil(smoothed.length / 2)).reduce((most, value) => Math.max(most, value), -Infinity) +
    0.5 * (smoothed[0] - lowest);
  const stepAt = (rate: number): number =>
    ((learningRates.length - 1) * Math.log(rate / learningRates[0])) /
    Math.log(learningRates[learningRates.length - 1] / learningRates[0]);
  const powers = Array.from({ length: 25 }, (_, i) => i - 16).filter(
    (power) => 10 ** power >= learningRates[0] * 0.999 && 10 ** power <= learningRates[learningRates.length - 1],
  );
  return linePlot([{ name: '', values: smoothed.map((value) => Math.min(value, highest)) }], {
    width: Math.min(width, 72),
    height: 12,
    title: 'loss, moving average',
    xLabel: 'learning rate',
    xTicks: powers.map((power) => ({ value: stepAt(10 ** power), label: `1e${power}` })),
    colour,
    ascii,
  });
}

function verdict(
  { learningRates, smoothed, suggested, steepest, stopReason }: LearningRateSearch,
  command: string | null,
  caution: string | undefined,
): string[] {
  const seen =
    `loss ${shortNumber(smoothed[0])}, at best ${shortNumber(lowestOf(smoothed))}; ` +
    (stopReason === 'diverged'
      ? `it blew up at a rate of ${shortNumber(learningRates[learningRates.length - 1])}`
      : 'it did not blow up');
  if (command === null)
    return [seen, 'No suggestion: the loss never fell. Check the data and their labels, or give larger batches.'];
  return [
    seen,
    `suggested learning rate: ${shortNumber(suggested)}, a tenth of where the loss is lowest; it falls fastest ` +
      `at ${shortNumber(steepest)}`,
    ...(caution === undefined ? [] : [caution]),
    '',
    'Train with it:',
    `  ${command}`,
  ];
}
