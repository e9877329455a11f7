import { inflateSync } from 'node:zlib';
import { expect } from 'vitest';
import { readStateDict } from '../../src/io/pytorch/read-state-dict.js';
import type { DecodedTensor } from '../../src/io/safetensors.js';
import { Bidirectional } from '../../src/layers/bidirectional.js';
import type { Layer } from '../../src/layers/layer.js';
import type { OutputAndState, RecurrentLayer } from '../../src/layers/recurrent-layer.js';
import { tensor } from '../../src/tensor/tensor.js';
import { layerFromConfig } from '../../src/training/layer-registry.js';

/** A tensor of a vector. */
export interface Numbers {
  readonly shape: number[];
  readonly data: number[];
}
/** What a recurrent module of PyTorch gives from initial states `[layers * directions, batch, width]`. */
export interface Run {
  readonly x: Numbers;
  readonly initial: Numbers[];
  readonly output: Numbers;
  readonly final: Numbers[];
}

/** The state dict of a file in base64, as it is or deflated. */
export function stateOf(file: string, isDeflated = false): Promise<Map<string, DecodedTensor>> {
  const bytes = Buffer.from(file, 'base64');
  return readStateDict(new Uint8Array(isDeflated ? inflateSync(bytes) : bytes), 'm.pt');
}

export const tensorOf = ({ shape, data }: Numbers) => tensor(data, shape);

export function expectNear(received: ArrayLike<number>, { data }: Numbers): void {
  const largest = Math.max(...data.map(Math.abs));
  expect(received.length).toBe(data.length);
  const worst = Math.max(...data.map((value, i) => Math.abs(value - received[i])));
  expect(worst / largest).toBeLessThan(1e-5);
}

/** The states of one layer and direction among PyTorch's, `[layers * directions, batch, width]`. */
function statesAt(states: readonly Numbers[], at: number): Record<string, ReturnType<typeof tensorOf>> {
  return Object.fromEntries(
    states.map(({ shape: [, batch, width], data }, i) => [
      ['hidden', 'cell'][i],
      tensor(data.slice(at * batch * width, (at + 1) * batch * width), [batch, width]),
    ]),
  );
}

/** The layers of a recurrent module from initial states, which a Sequential does not take. */
export function runLayers(
  layers: readonly Layer<unknown>[],
  { x, initial }: Run,
): { output: ReturnType<typeof tensorOf>; finals: Record<string, ReturnType<typeof tensorOf>>[] } {
  const finals: Record<string, ReturnType<typeof tensorOf>>[] = [];
  let output = tensorOf(x);
  layers.forEach((layer, i) => {
    if (layer instanceof Bidirectional) {
      const both = layer as Bidirectional<'concat', true>;
      const result = both.apply(output, {
        initialState: { forward: statesAt(initial, 2 * i), backward: statesAt(initial, 2 * i + 1) },
      });
      finals.push(result.forward[0], result.backward[0]);
      output = result.output as typeof output;
    } else {
      const result: OutputAndState = (layer as RecurrentLayer<true>).apply(output, {
        initialState: statesAt(initial, i),
      });
      finals.push(result.states[0]);
      output = result.output;
    }
  });
  return { output, finals };
}

/** The same layer giving its states, with the same weights. */
export function withStates(layer: Layer<unknown>): Layer<unknown> {
  const both = layer instanceof Bidirectional ? [layer.forwardLayer, layer.backwardLayer] : [layer];
  const [first, second] = both.map(({ className, getConfig }, i) =>
    layerFromConfig({ className, config: { ...getConfig.call(both[i]), returnState: true } }),
  ) as RecurrentLayer<boolean>[];
  const twin = second === undefined ? first : new Bidirectional({ layer: first, backwardLayer: second });
  twin.ensureBuilt(layer.buildShape!);
  const from = [...layer.namedWeights('')];
  [...twin.namedWeights('')].forEach(([, { variable }], i) => variable.assign(from[i][1].variable));
  return twin;
}
