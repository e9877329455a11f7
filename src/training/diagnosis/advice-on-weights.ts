import { maximumOf } from '../../extremes.js';
import { median } from './facts.js';
import { figure, percentage } from './figures.js';
import type { Advice, DiagnosisFacts } from './report.js';

/** About thirty times more and less than 1e-3, see {@link updateRatios}. */
const [largeUpdate, smallUpdate] = [3e-2, 3e-5];
/** From so many times the clip on, it is no longer a guard but what sets the size of steps. */
const farAboveClip = 5;
/** Below this share of the largest norm, a layer learns next to nothing beside the others. */
const smallGradient = 1e-4;
/** A norm so many times the median is a spike. */
const spike = 20;

/** On the size of gradients and updates of the layers. */
export function adviceOnWeights({ layers, gradientNorms, clipNorm, recurrent }: DiagnosisFacts): Advice[] {
  const found: Advice[] = [];
  for (const { layer, gradientNorms: norms } of layers) {
    if (norms.every((norm) => norm === 0))
      found.push({
        about: 'noGradient',
        layer,
        text:
          `No gradient reaches ${layer}: its norm is 0 at every measurement. Look for units that are dead behind ` +
          'it, or for an output that the loss does not use.',
      });
  }
  const middle = median(gradientNorms)!;
  const most = maximumOf(gradientNorms);
  if (clipNorm === null && most > spike * middle) {
    found.push({
      about: 'clipping',
      layer: null,
      text:
        `The gradient norm has spikes: ${figure(most)} at most, ${figure(middle)} in the middle. Clip it: ` +
        `globalClipNorm: ${figure(2 * middle)}.`,
    });
  }
  if (clipNorm !== null && middle > farAboveClip * clipNorm) {
    const share = gradientNorms.filter((norm) => norm > clipNorm).length / gradientNorms.length;
    found.push({
      about: 'clipping',
      layer: null,
      text:
        `The gradient norm is above the clip of ${figure(clipNorm)} at ${percentage(share)} of the measurements ` +
        `(median ${figure(middle)}), so the clip sets the size of the steps. Lower the learning rate, or scale ` +
        'the inputs or the targets to about 1.',
    });
  }
  const largestNorm = maximumOf(layers.map(({ medianGradientNorm }) => medianGradientNorm));
  for (const { layer } of recurrent) {
    const norm = layers.find((one) => one.layer === layer)?.medianGradientNorm;
    if (norm === undefined || norm === 0 || norm >= smallGradient * largestNorm) continue;
    found.push({
      about: 'depth',
      layer,
      text:
        `The gradient of ${layer} is ${figure(norm / largestNorm)} of the largest (median norm ${figure(norm)} ` +
        `beside ${figure(largestNorm)}): the layers above let little through. Use fewer layers, or put a ` +
        'LayerNormalization between them.',
    });
  }
  const updates = layers
    .flatMap(({ layer, medianUpdateRatio }) =>
      medianUpdateRatio === null ? [] : [{ layer, ratio: medianUpdateRatio }],
    )
    .sort((a, b) => b.ratio - a.ratio);
  if (updates.length > 0) {
    const [{ layer, ratio }] = updates;
    if (ratio > largeUpdate)
      found.push({
        about: 'largeUpdates',
        layer,
        text:
          `A step changes ${layer} by ${figure(ratio)} of its size (median; about 1e-3 is usual). Lower the ` +
          `learning rate by ${figure(roundFactor(ratio / 1e-3))} or so.`,
      });
    if (ratio < smallUpdate)
      found.push({
        about: 'smallUpdates',
        layer: null,
        text:
          `No layer changes by more than ${figure(ratio)} of its size in a step (median; about 1e-3 is usual). ` +
          `Raise the learning rate by ${figure(roundFactor(1e-3 / ratio))} or so.`,
      });
  }
  return found;
}

/** A cautious step in the right direction: 3 or 10 times. */
function roundFactor(wanted: number): number {
  return wanted >= 100 ? 10 : 3;
}
