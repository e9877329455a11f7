import { refuseUnknownOptions, requireNumber } from '../../errors.js';
import {
  abs,
  add,
  div,
  greater,
  log,
  max,
  min,
  mul,
  neg,
  rowSum,
  select,
  softplus,
  sqrt,
  square,
  sub,
} from '../../expression/build.js';
import type { PointwiseFunction } from '../../tensor/pointwise.js';
import { EPSILON, elementLoss, type Loss, meanOf } from './loss.js';
import { requireTargetRange } from './target-checks.js';

const squaredError = meanOf('meanSquaredError', (t, p) => square(sub(t, p)));
const absoluteError = meanOf('meanAbsoluteError', (t, p) => abs(sub(t, p)));
const huberError = meanOf(
  'huber',
  (t, p, { delta }) => {
    const distance = abs(sub(p, t));
    return select(
      greater(distance, delta),
      sub(mul(delta, distance), mul(0.5, delta, delta)),
      mul(0.5, square(sub(p, t))),
    );
  },
  ['delta'],
);
const logCoshError = meanOf('logCosh', (t, p) => sub(add(sub(p, t), softplus(mul(-2, sub(p, t)))), Math.LN2));
const poissonError = meanOf('poisson', (t, p) => sub(p, mul(t, log(add(p, EPSILON)))));

/** `mean((t - p)^2)` */
export function meanSquaredError(options: object = {}): Loss {
  refuseUnknownOptions('meanSquaredError', options, []);
  return elementLoss(squaredError);
}

/** `mean(|t - p|)` */
export function meanAbsoluteError(options: object = {}): Loss {
  refuseUnknownOptions('meanAbsoluteError', options, []);
  return elementLoss(absoluteError);
}

/**
 * Squared for errors up to `delta` (default 1), linear beyond: `e^2 / 2` or `delta |e| - delta^2 / 2`. Huber 1964,
 * "Robust estimation of a location parameter". @throws OUT_OF_RANGE
 */
export function huber(options: { delta?: number | undefined } = {}): Loss {
  refuseUnknownOptions('huber', options, ['delta']);
  const { delta = 1 } = options;
  requireNumber('huber', 'delta', delta, 'a number greater than 0', (v) => v > 0);
  return elementLoss(huberError, { delta });
}

/** `mean(log(cosh(p - t)))`, as `e + softplus(-2 e) - log 2`, which does not overflow. */
export function logCosh(options: object = {}): Loss {
  refuseUnknownOptions('logCosh', options, []);
  return elementLoss(logCoshError);
}

/**
 * `mean(p - t log(p + 1e-7))`: the negative log-likelihood of counts t with expectation p, without its constant.
 * @throws OUT_OF_RANGE before training for t < 0
 */
export function poisson(options: object = {}): Loss {
  refuseUnknownOptions('poisson', options, []);
  const range = {
    least: 0,
    expected: 'counts of at least 0',
    fix: 'use meanSquaredError or huber for numbers below 0.',
  };
  return {
    ...elementLoss(poissonError),
    requireTargets: (targets, _, where, name) => requireTargetRange(targets, { where, name }, range),
  };
}

const divergence: PointwiseFunction = {
  name: 'klDivergence',
  build: ([t, p]) => {
    const target = min(max(t, EPSILON), 1);
    return rowSum(mul(target, log(div(target, min(max(p, EPSILON), 1)))));
  },
  alongRows: true,
  perRow: true,
};

/**
 * `sum(t log(t / p))` over the last axis, both kept between 1e-7 and 1. Kullback and Leibler 1951, "On information and
 * sufficiency".
 */
export function klDivergence(options: object = {}): Loss {
  refuseUnknownOptions('klDivergence', options, []);
  const range = {
    least: 0,
    most: 1,
    expected: 'probabilities from 0 to 1',
    fix: 'give distributions, or use another loss.',
  };
  return {
    ...elementLoss(divergence),
    requireTargets: (targets, _, where, name) => requireTargetRange(targets, { where, name }, range),
  };
}

// The root is taken of what is kept above epsilon^2, so that its derivative at 0 is 0 and not 0 / 0.
const cosine: PointwiseFunction = {
  name: 'cosineSimilarity',
  build: ([t, p]) => {
    const norm = (x: typeof t) => sqrt(max(rowSum(mul(x, x)), EPSILON * EPSILON));
    return neg(div(rowSum(mul(t, p)), mul(norm(t), norm(p))));
  },
  alongRows: true,
  perRow: true,
};

/** `-sum(t p) / (|t| |p|)` over the last axis: -1 for equal directions, 1 for opposite ones, 0 where a vector is 0. */
export function cosineSimilarity(options: object = {}): Loss {
  refuseUnknownOptions('cosineSimilarity', options, []);
  return elementLoss(cosine);
}
