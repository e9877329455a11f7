import type { GateActivity } from './activity.js';
import { percentage } from './figures.js';
import type { Advice, RecurrentReport } from './report.js';

/** From this share on, values near the ends of a gate stand out. */
const saturatedGate = 0.8;
/** The same for candidates and states, which are meant to lie between their ends. */
const saturatedCandidate = 0.7;
/** From this share of a layer's units on, dead ones stand out. */
const deadShare = 0.05;

/** On gates that hardly let a gradient through, and units that do nothing. */
export function adviceOnActivity({ layer, units, gates, numDead }: RecurrentReport): Advice[] {
  const dead = gates.find(({ activation, numStuck }) => isRectifier(activation) && numStuck >= deadShare * units);
  const found = gates.flatMap((gate) => saturation(layer, gate));
  if (dead !== undefined)
    found.push({
      about: 'deadUnits',
      layer,
      text:
        `${dead.numStuck} of ${units} units of ${layer} are always 0 and get no gradient. Lower the learning ` +
        'rate, start the bias above 0, or use leakyRelu or tanh.',
    });
  else if (numDead >= deadShare * units)
    found.push({
      about: 'deadUnits',
      layer,
      text:
        `${numDead} of ${units} units of ${layer} never change over the sequences that were looked at. Lower the ` +
        'learning rate and scale the inputs to about 1; where it stays so, fewer units do the same.',
    });
  return found;
}

function saturation(layer: string, { name, activation, isState, isForgetGate, low, high }: GateActivity): Advice[] {
  if (isRectifier(activation)) return [];
  const isGate = activation === 'sigmoid' || activation.startsWith('hardSigmoid');
  if (isGate && isForgetGate) {
    // Wide open it keeps the state, as it should.
    if (low < saturatedGate) return [];
    return [
      {
        about: 'forgetting',
        layer,
        text:
          `${percentage(low)} of the values of the ${name} gate of ${layer} are below 0.05: it forgets its state ` +
          'at every step. Start its bias at 1 or more (unitForgetBias, chrono), or lower the learning rate.',
      },
    ];
  }
  const share = low + (high ?? 0);
  if (share < (isGate ? saturatedGate : saturatedCandidate)) return [];
  const values = isState ? `${activation}(${name})` : isGate ? `the ${name} gate` : `the ${name}`;
  return [
    {
      about: 'saturation',
      layer,
      text:
        `${percentage(share)} of the values of ${values} of ${layer} are near an end (${percentage(low)} low, ` +
        `${percentage(high ?? 0)} high), where hardly any gradient passes. Lower the learning rate, scale the ` +
        'inputs to about 1, start with smaller weights, or put a LayerNormalization before the layer.',
    },
  ];
}

function isRectifier(activation: string): boolean {
  return activation === 'relu' || activation === 'relu6';
}
