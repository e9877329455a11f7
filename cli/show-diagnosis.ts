import type { DiagnosisReport, LayerReport, RecurrentReport } from '../src/index.js';
import { type Style, styleOf } from './style.js';
import { linePlot, type PlotSeries } from './terminal/plot.js';
import { formatDuration } from './terminal/progress.js';
import { shortNumber, textTable } from './text-table.js';

/** A diagnosis as a person reads it: plots, tables, and what to change. */
export function diagnosisText(report: DiagnosisReport, { hasPlots }: { hasPlots: boolean }, style = styleOf()): string {
  const { steps, layers, recurrent, advice, elapsedMs } = report;
  if (steps.length === 0) return 'diagnosis: nothing was measured, because no step was taken';
  const parts = [
    `diagnosis: ${steps.length} measurements from step ${steps[0]} to ${steps.at(-1)!}, which took ` +
      formatDuration(elapsedMs),
  ];
  if (hasPlots && steps.length > 1) parts.push(gradientPlot(layers, steps, style));
  parts.push(layerTable(layers));
  for (const layer of recurrent) parts.push(timeGradientText(layer, hasPlots, style));
  if (recurrent.length > 0) parts.push(gateTable(recurrent));
  parts.push(
    [
      'what to change',
      ...(advice.length === 0
        ? ['  nothing stands out']
        : advice.flatMap(({ text }) => wrapped(text, style.width - 4))),
    ].join('\n'),
  );
  return parts.join('\n\n');
}

function gradientPlot(layers: readonly LayerReport[], steps: readonly number[], style: Style): string {
  const series = layers.map(
    ({ layer, gradientNorms }): PlotSeries => ({
      name: layer,
      values: betweenSteps(steps, gradientNorms.map(Math.log10)),
      start: steps[0],
    }),
  );
  return linePlot(series, { ...plotOptions(style), title: 'gradient norm of each layer, log10', xLabel: 'step' });
}

function layerTable(layers: readonly LayerReport[]): string {
  const rows = layers.map(({ layer, gradientNorms, medianGradientNorm, medianUpdateRatio, lastUpdateRatio }) => [
    layer,
    ...[medianGradientNorm, gradientNorms.at(-1), medianUpdateRatio, lastUpdateRatio].map(threeDigits),
  ]);
  return textTable(['layer', 'gradient norm: median', 'last', 'update / weight: median', 'last'], rows);
}

function timeGradientText({ layer, cell, timeGradient }: RecurrentReport, hasPlots: boolean, style: Style): string {
  if (timeGradient === null)
    return `${layer} (${cell}): the loss does not depend on its last step, so no gradient goes back in time`;
  const { first, last } = timeGradient;
  const series = (first.step === last.step ? [last] : [first, last]).map(
    ({ step, norms }): PlotSeries => ({ name: `step ${step}`, values: norms.map(Math.log10) }),
  );
  const plot =
    hasPlots && last.norms.length > 2
      ? [
          linePlot(series, {
            ...plotOptions(style),
            title: `${layer} (${cell}): gradient norm by distance back in time, log10`,
            xLabel: 'steps back',
          }),
        ]
      : [];
  const verdicts = (first.step === last.step ? [last] : [first, last]).map(
    ({ step, norms, decay }) =>
      `  at step ${step}: ${decay === null ? 'too short to say' : verdict(decay, norms.length)}`,
  );
  return [...plot, `${layer} (${cell}), gradients back in time`, ...verdicts].join('\n');
}

function verdict(
  { perStep, overall, stepsToThousandth }: { perStep: number; overall: number; stepsToThousandth: number | null },
  numSteps: number,
): string {
  const rate = `x ${threeDigits(perStep)} a step on average`;
  if (stepsToThousandth !== null)
    return `${rate}; falls to a thousandth within ${stepsToThousandth} of ${numSteps - 1} steps`;
  return `${rate}; ${numSteps - 1} steps back it is ${threeDigits(overall)} of what it was`;
}

function gateTable(recurrent: readonly RecurrentReport[]): string {
  const rows = recurrent.flatMap(({ layer, units, gates, numDead }) =>
    gates.map(({ name, activation, mean, low, high, numStuck }, i) => [
      `${i === 0 ? layer : ''}`,
      name,
      activation,
      shortNumber(Number(mean.toFixed(3))),
      share(low),
      share(high),
      `${numStuck} of ${units}`,
      i === 0 ? `${numDead} of ${units}` : '',
    ]),
  );
  return textTable(
    ['layer', 'values', 'activation', 'mean', 'low end', 'high end', 'units at one end', 'units that never change'],
    rows,
  );
}

function plotOptions({ width, colour, ascii }: Style): {
  width: number;
  height: number;
  colour: boolean;
  ascii: boolean;
} {
  return { width: Math.min(width, 72), height: 10, colour, ascii };
}

/** One value a step, on straight lines between those that were measured. */
function betweenSteps(steps: readonly number[], values: readonly number[]): number[] {
  return values.flatMap((value, i) => {
    const length = i + 1 < steps.length ? steps[i + 1] - steps[i] : 1;
    return Array.from({ length }, (_, j) => (j === 0 ? value : value + ((values[i + 1] - value) * j) / length));
  });
}

/** Lines of a list's entry. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.map((line, i) => `${i === 0 ? '- ' : '  '}${line}`);
}

function share(value: number | null): string {
  return value === null ? '-' : `${(100 * value).toFixed(1)} %`;
}

function threeDigits(value: number | null | undefined): string {
  if (value === null || value === undefined) return '-';
  const magnitude = Math.abs(value);
  return magnitude !== 0 && (magnitude < 1e-2 || magnitude >= 1e4)
    ? value.toExponential(1)
    : Number(value.toPrecision(3)).toString();
}
