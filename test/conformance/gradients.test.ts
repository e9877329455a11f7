import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Cell } from '../../src/cells/cell.js';
import { libraryCells } from '../../src/cells/registry.js';
import { useBackend } from '../../src/kernels/select.js';
import { RNN, type RNNOptions } from '../../src/layers/rnn.js';
import { hasUseFor } from '../../src/layers/unused-options.js';
import { Random, setSeed } from '../../src/random.js';
import * as ops from '../../src/tensor/index.js';
import { valueAndGradients } from '../../src/tensor/tape.js';
import { scope, type Tensor } from '../../src/tensor/tensor.js';
import { Variable } from '../../src/tensor/variable.js';
import { expectClose } from '../support/close.js';
import { normals, randomise } from '../support/random.js';
import { unusualCells } from '../support/unusual-cells.js';
import { stateWidth, usualWidth } from '../support/widths.js';

const [BATCH, TIME, FEATURES, UNITS] = [3, 5, 7, 5];

/**
 * Central differences in float64: the error of the formula is about step^2 (times a third derivative: normalisation
 * has large ones), that of rounding about 1e-16 / step.
 */
const STEP = 3e-6;
const TOLERANCE = 2e-8;

const masks: Readonly<Record<string, Uint8Array | undefined>> = {
  'all steps': undefined,
  'variable lengths': Uint8Array.from([1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0]),
  'gaps and an empty row': Uint8Array.from([1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1]),
};

interface Variant {
  readonly options: Partial<RNNOptions>;
  readonly masks: readonly string[];
}

/** Everything that changes the equations or the run along time. */
const variants: Readonly<Record<string, Variant>> = {
  'default options': { options: {}, masks: Object.keys(masks) },
  'without bias': { options: { useBias: false }, masks: ['all steps'] },
  'other activations': {
    options: { activation: 'softsign', recurrentActivation: 'hardSigmoid' },
    masks: ['all steps'],
  },
  'unbounded activations': { options: { activation: 'gelu' }, masks: ['variable lengths'] },
  relu: { options: { activation: 'relu' }, masks: ['variable lengths'] },
  'recurrent dropout': { options: { recurrentDropout: 0.4 }, masks: ['all steps', 'variable lengths'] },
  'input dropout': { options: { dropout: 0.3 }, masks: ['variable lengths'] },
  zoneout: { options: { zoneout: 0.3 }, masks: ['all steps', 'variable lengths'] },
  'zoneout and dropout, without bias': {
    options: { zoneout: 0.3, dropout: 0.4, useBias: false },
    masks: ['gaps and an empty row'],
  },
  'zoneout and recurrent dropout, without bias': {
    options: { zoneout: 0.3, recurrentDropout: 0.4, useBias: false },
    masks: ['gaps and an empty row'],
  },
  'low ranks': { options: { recurrentRank: 3, kernelRank: 2 }, masks: Object.keys(masks) },
  'low ranks, without bias': {
    options: { recurrentRank: 2, kernelRank: 3, useBias: false, recomputeSteps: 2 },
    masks: ['variable lengths'],
  },
  'low ranks, zoneout and dropout': {
    options: { recurrentRank: 2, kernelRank: 3, zoneout: 0.3, dropout: 0.4 },
    masks: ['gaps and an empty row'],
  },
  'a low rank and recurrent dropout': {
    options: { recurrentRank: 3, recurrentDropout: 0.4, weightDropout: 0.2 },
    masks: ['all steps', 'variable lengths'],
  },
  backwards: { options: { goBackwards: true }, masks: ['variable lengths'] },
  'the last step only': { options: { returnSequences: false }, masks: ['variable lengths', 'gaps and an empty row'] },
  'zeros at masked steps': { options: { zeroOutputForMask: true }, masks: ['gaps and an empty row'] },
};

function casesOf(cell: Cell): (readonly [variant: string, mask: string, options: Partial<RNNOptions>])[] {
  const possible = Object.entries(variants)
    .filter(([, { options }]) => cell.recurrent === 'full' || options.recurrentDropout === undefined)
    .map(([variant, { options, masks }]): [string, Variant] => {
      const used = Object.entries(options).filter(([name]) => hasUseFor(cell, name));
      return [variant, { options: Object.fromEntries(used), masks }];
    })
    .filter(([variant, { options }]) => variant === 'default options' || Object.keys(options).length > 0);
  return possible.flatMap(([name, { options, masks: names }]) => names.map((mask) => [name, mask, options] as const));
}

/**
 * Random directions in which each weight, input and initial state is moved: a derivative that is wrong in one number is
 * wrong along each of them, by a share of about one over the root of the number of numbers.
 */
const DIRECTIONS = 3;

const severalWidths = unusualCells.filter(({ widths }) => Object.keys(widths).length > 0);

describe.each([...libraryCells, ...severalWidths].map((cell) => [cell.name, cell] as const))(
  'gradients of %s agree with central differences',
  (_, cell) => {
    beforeAll(() => void useBackend('reference'));
    afterAll(() => void useBackend('wasm'));

    it.each(casesOf(cell))('%s, %s', (_variant, mask, options) =>
      checkGradients({ cell, units: UNITS, returnSequences: true, ...options }, masks[mask]),
    );

    it('zoneout at inference', () =>
      checkGradients({ cell, units: UNITS, returnSequences: true, zoneout: 0.3 }, undefined, false));
  },
);

function checkGradients(options: RNNOptions, mask: Uint8Array | undefined, training = true): void {
  const random = new Random(17, (options.cell as Cell).name);
  const layer = new RNN({ ...options, returnState: true });
  layer.ensureBuilt([null, TIME, FEATURES]);
  randomise(layer, random);
  const cell = options.cell as Cell;
  const { states } = cell;
  const stateShape = (state: string): number[] => [BATCH, stateWidth(cell, state, UNITS)];
  const input = new Variable([BATCH, TIME, FEATURES], normals([BATCH, TIME, FEATURES], random).dataSync(), 'input');
  const initial = Object.fromEntries(
    states.map((state) => [
      state,
      new Variable(stateShape(state), normals(stateShape(state), random).dataSync(), `initial ${state}`),
    ]),
  );
  const width = usualWidth(cell, cell.outputWidth, UNITS);
  const outputShape = options.returnSequences === false ? [BATCH, width] : [BATCH, TIME, width];
  const cotangent = normals(outputShape, random);
  const stateCotangents = Object.fromEntries(states.map((state) => [state, normals(stateShape(state), random)]));

  const loss = (): Tensor => {
    // The same dropout and zoneout masks every time.
    setSeed(5);
    const result = layer.apply(input, { mask, training, initialState: initial });
    const parts = states.map((state) => ops.sum(ops.mul(result.states[0][state], stateCotangents[state])));
    return parts.reduce((a, b) => ops.add(a, b), ops.sum(ops.mul(result.output, cotangent)));
  };
  const by = [...layer.weights, input, ...Object.values(initial)];
  const { gradients } = valueAndGradients(loss, by);
  by.forEach((variable, i) => {
    const gradient = gradients[i].dataSync();
    const directions = Array.from({ length: DIRECTIONS }, () => directionFor(variable, random));
    const slopes = directions.map((direction) => slopeAlong(variable, direction, () => scope(loss).item()));
    const products = directions.map((direction) => direction.reduce((sum, step, j) => sum + step * gradient[j], 0));
    expectClose(products, slopes, TOLERANCE, `gradient of ${variable.name}`);
  });
  const isUsed = gradients.filter((gradient) => gradient.dataSync().some((value) => value !== 0));
  expect(isUsed.length, 'weights and inputs the loss depends on').toBe(by.length);
}

/** A random direction of length 1. */
function directionFor({ size }: Variable, random: Random): Float64Array {
  const direction = Float64Array.from({ length: size }, () => random.normal());
  const length = Math.hypot(...direction);
  return direction.map((step) => step / length);
}

/** The derivative of the loss when the variable moves in a direction. */
function slopeAlong(variable: Variable, direction: Float64Array, loss: () => number): number {
  const values = Float64Array.from(variable.dataSync());
  const at = (distance: number): number => {
    variable.assign(values.map((value, i) => value + distance * direction[i]));
    return loss();
  };
  const slope = (at(STEP) - at(-STEP)) / (2 * STEP);
  variable.assign(values);
  return slope;
}
