import { RondoError, requireCount, requireNumber } from '../errors.js';
import { Tensor } from '../tensor/tensor.js';
import { titleOf } from './input-axes.js';
import { type Json, Layer, type LayerOptions, type OpenShape, singleInput } from './layer.js';
import type { NamedStates } from './recurrent-layer.js';

const statesOf = new WeakMap<Tensor, readonly NamedStates[]>();

/** Sends the states that a recurrent layer ended in along with its output, as masks go. */
export function sendStates(output: Tensor, states: readonly NamedStates[]): void {
  statesOf.set(output, states);
}

export interface FinalStateOptions extends LayerOptions {
  /** Which cell of the recurrent layer, from the bottom. */
  cell: number;
  state: string;
  /** How wide the state is. */
  units: number;
}

/**
 * The state in which a recurrent layer with `returnState` ended, from that layer's output: what `states` of a symbolic
 * tensor are made of. It is made by graphs and by their files alone, and no mask goes with it.
 */
export class FinalState extends Layer {
  readonly className = 'FinalState';
  readonly #options: FinalStateOptions;

  constructor(options: FinalStateOptions) {
    super('FinalState', options, ['cell', 'state', 'units']);
    const { cell, state, units } = options;
    requireCount('FinalState', 'units', units);
    requireNumber('FinalState', 'cell', cell, 'a whole number of at least 0', (at) => Number.isInteger(at) && at >= 0);
    this.#options = { ...options, state: String(state) };
  }

  override build(): void {}

  override computeOutputShape([batch]: OpenShape): OpenShape {
    return [batch, this.#options.units];
  }

  override call(inputs: Tensor | readonly Tensor[]): Tensor {
    const { cell, state, units } = this.#options;
    const found = statesOf.get(singleInput(this.name, inputs))?.[cell]?.[state];
    if (found instanceof Tensor && found.shape.length === 2 && found.shape[1] === units) return found;
    throw new RondoError('USAGE', {
      where: titleOf(this),
      what: `no state \`${state}\` of ${units} units comes with the input.`,
      expected: 'the output of a recurrent layer with returnState: true',
      fix: 'take states from the symbolic tensor that the layer gives.',
    });
  }

  protected override maskAfter(): undefined {
    return undefined;
  }

  override getConfig(): Record<string, Json | undefined> {
    const { cell, state, units } = this.#options;
    return { ...this.baseConfig(), cell, state, units };
  }
}
