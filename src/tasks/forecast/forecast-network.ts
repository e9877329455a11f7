import { Dense } from '../../layers/dense.js';
import type { Resolved } from '../../resolved.js';
import { meanAbsoluteError } from '../../training/losses/index.js';
import { Sequential } from '../../training/sequential.js';
import { recurrentStack } from '../recurrent-stack.js';
import { cosineAdam } from '../training-run.js';
import type { ForecastOptions } from './forecast-options.js';

/** How far ahead the learning rate is planned; see {@link cosineAdam}. */
export interface PlannedSteps {
  readonly numSteps: number;
  readonly startsAgain: boolean;
}

/**
 * The net that corrects a base forecast, ready to be compiled: windows `[batch, time, inputs]` to corrections
 * `[batch, horizon]`.
 *
 * @param options those of the task, with the width that is meant here.
 */
export function forecastNetwork(inputs: number, options: Resolved<ForecastOptions> & { units: number }): Sequential {
  const [first, ...rest] = recurrentStack(options, { stateful: false, returnSequences: false });
  // Zeros make the untrained model the base forecast.
  const head = new Dense({ units: options.horizon, kernelInitializer: 'zeros' });
  return new Sequential([first, ...rest, head], { inputShape: [null, inputs] });
}

/** The loss is the mean absolute error, which is less swayed by rare jumps than its square. */
export function compileNetwork(model: Sequential, learningRate: number, steps: PlannedSteps): void {
  model.compile({ optimizer: cosineAdam({ learningRate, ...steps }), loss: meanAbsoluteError() });
}
