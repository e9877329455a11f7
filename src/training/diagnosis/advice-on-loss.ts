import { figure } from './figures.js';
import type { Advice, DiagnosisFacts } from './report.js';

/** Epochs from which on the course of a loss is judged. */
const fewestEpochs = 4;
/** Relative change of a loss that counts. */
const change = 0.01;

/** On losses that stand still, rise, or part from each other. */
export function adviceOnLoss({ loss, valLoss }: DiagnosisFacts): Advice[] {
  if (loss.length < fewestEpochs) return [];
  const last = loss.length - 1;
  const bestTraining = lowest(loss);
  if (loss[last] > loss[bestTraining] + 5 * change * Math.abs(loss[bestTraining])) {
    return [
      {
        about: 'divergence',
        layer: null,
        text:
          `The training loss rises: from ${figure(loss[bestTraining])} after epoch ${bestTraining + 1} to ` +
          `${figure(loss[last])}. Lower the learning rate, or let it fall over the run.`,
      },
    ];
  }
  const third = Math.floor(loss.length / 3);
  const found: Advice[] = [];
  if (Math.abs(loss[last] - loss[third]) < change * Math.abs(loss[third])) {
    found.push({
      about: 'plateau',
      layer: null,
      text:
        `The training loss stands still: ${figure(loss[third])} after epoch ${third + 1}, ${figure(loss[last])} ` +
        `after epoch ${last + 1}. Change the learning rate, give the model more units, unfreeze layers that are ` +
        'frozen, or stop earlier.',
    });
  }
  const best = lowest(valLoss);
  const isRising =
    valLoss.length === loss.length &&
    last - best >= 2 &&
    valLoss[last] > valLoss[best] + 2 * change * Math.abs(valLoss[best]);
  if (isRising && loss[last] < loss[best]) {
    found.push({
      about: 'overfitting',
      layer: null,
      text:
        `Since epoch ${best + 1} the training loss falls from ${figure(loss[best])} to ${figure(loss[last])} ` +
        `while that of the validation data rises from ${figure(valLoss[best])} to ${figure(valLoss[last])}: the ` +
        `model learns its data by heart. Use more dropout, fewer units or more data; the epochs after ${best + 1} ` +
        'bring nothing.',
    });
  }
  return found;
}

function lowest(values: readonly number[]): number {
  return values.reduce((best, value, i) => (value < values[best] ? i : best), 0);
}
