import { adviceOnActivity } from './advice-on-activity.js';
import { figure } from './figures.js';
import type { Advice, RecurrentReport } from './report.js';

/** A gradient that has grown so much at the far end of a window, and not by chance of the first step, explodes. */
const growth = 10;
/** Windows shorter than this say little of how a gradient decays. */
const fewestSteps = 8;

/**
 * On gradients that grow back in time, or are gone early: before half of the way, in cells with gates before a quarter,
 * since those close where nothing is to be kept.
 */
export function adviceOnTimeGradient(report: RecurrentReport): Advice[] {
  const { layer, cell, gates, timeGradient } = report;
  const { norms, decay } = timeGradient?.last ?? { norms: [], decay: null };
  if (decay === null) return [];
  const distance = norms.length - 1;
  if (decay.perStep > 1 && decay.overall > growth) {
    return [
      {
        about: 'explodingGradient',
        layer,
        text:
          `The gradient explodes back in time in ${layer}: x ${figure(decay.perStep)} a step, x ` +
          `${figure(decay.overall)} over ${distance} steps. Clip it (globalClipNorm: 1, as rondo train does), ` +
          'lower the learning rate, or train on shorter windows.',
      },
    ];
  }
  const reach = decay.stepsToThousandth;
  const isGated = gates.some(
    ({ activation, isState }) => !isState && (activation === 'sigmoid' || activation.startsWith('hardSigmoid')),
  );
  if (reach === null || distance < fewestSteps || reach > distance / (isGated ? 4 : 2)) return [];
  const isSaturated = adviceOnActivity(report).some(({ about }) => about === 'saturation');
  const remedy = isSaturated
    ? 'The saturation is the likely cause: mend that first.'
    : isGated
      ? 'If something further back matters, let the cell keep more: start the forget bias higher ' +
        `(biasInitializer: chrono({ maxTimesteps: ${distance + 1} }), unitForgetBias: false). If not, windows of ` +
        `${2 * reach} steps teach about the same in less time.`
      : `If something further back matters, use a cell with gates (lstm, gru) instead of ${cell}. If not, windows ` +
        `of ${2 * reach} steps teach about the same in less time.`;
  return [
    {
      about: 'vanishingGradient',
      layer,
      text:
        `The gradient vanishes back in time in ${layer}: it falls to a thousandth within ${reach} of ${distance} ` +
        `steps (x ${figure(decay.perStep)} a step on average), so what lies further back is hardly learned. ` +
        remedy,
    },
  ];
}
