import { maximumOf } from '../extremes.js';
import { describeOpenShape, type Layer } from '../layers/layer.js';
import type { Variable } from '../tensor/variable.js';
import { variablesOf } from './model-weights.js';

/** A table of a model's layers with their output shapes and numbers of parameters, and the sums, as text. */
export function summaryOf(model: Layer<unknown>): string {
  return summaryTable(
    model,
    ['layer', 'output shape', 'parameters'],
    [...model.sublayers].map(([name, layer]) => [
      `${name} (${layer.className})`,
      outputShapeOf(layer),
      layer.isBuilt ? describeCount(sizeOfAll(layer.weights)) : 'not built',
    ]),
  );
}

/** A table under the model's name and above its numbers of parameters; the third column is one of numbers. */
export function summaryTable(
  model: Layer<unknown>,
  header: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const widths = header.map((title, i) =>
    maximumOf(
      rows.map((row) => row[i].length),
      title.length,
    ),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (i === 2 ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join('  ')
      .trimEnd();
  const rule = '-'.repeat(widths.reduce((sum, width) => sum + width + 2, -2));
  const all = [...variablesOf(model).values()];
  const trainable = new Set(model.trainableWeights);
  const numTrainable = sizeOfAll([...trainable]);
  return [
    `${model.className} ${model.name}`,
    line(header),
    rule,
    ...rows.map(line),
    rule,
    `parameters: ${describeCount(sizeOfAll(all))} (trainable ${describeCount(numTrainable)}, frozen ` +
      `${describeCount(sizeOfAll(all) - numTrainable)})`,
    ...[...model.sublayers]
      .filter(([, { losesMask }]) => losesMask)
      .map(([name, layer]) => `${name} (${layer.className}) loses the mask: later layers count padding`),
  ].join('\n');
}

/** Number of values of distinct variables. */
export function sizeOfAll(variables: readonly Variable[]): number {
  let total = 0;
  for (const { size } of new Set(variables)) total += size;
  return total;
}

function outputShapeOf(layer: Layer<unknown>): string {
  const { buildShape } = layer;
  if (buildShape === undefined) return 'unknown';
  return describeOpenShape(layer.computeOutputShape(buildShape));
}

export function describeCount(value: number): string {
  return value.toLocaleString('en-US');
}
