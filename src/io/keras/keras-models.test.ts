import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { scope, Tensor, tensor } from '../../tensor/tensor.js';
import { readKeras } from './read-keras.js';

interface Values {
  readonly shape: number[];
  readonly values: number[];
}

interface Case {
  readonly name: string;
  readonly file: string;
  /** The name of what it computes. */
  readonly runs: string;
}

interface Run {
  readonly inputs: Values[];
  readonly outputs: Values[] | Record<string, Values>;
}

const { cases, runs } = JSON.parse(
  readFileSync(new URL('../../../test/vectors/keras/models.json', import.meta.url), 'utf8'),
) as { cases: Case[]; runs: Record<string, Run[]> };

function bytesOf({ file }: Case): Uint8Array {
  return new Uint8Array(inflateSync(Buffer.from(file, 'base64')));
}

/** What a model gives, as a list. */
function listed(output: unknown): Tensor[] {
  if (output instanceof Tensor) return [output];
  return Object.values(output as Record<string, Tensor>).flatMap(listed);
}

describe('Models that Keras saved compute here what they compute there', () => {
  test.each(cases)('$name', async (given) => {
    const { model, matched, leftOver } = await readKeras(bytesOf(given), given.name);
    expect(leftOver).toEqual([]);
    expect(matched.length).toBe([...model.sublayers.values()].filter((layer) => layer.weights.length > 0).length);
    for (const { inputs, outputs } of runs[given.runs]) {
      scope(() => {
        const given = inputs.map(({ shape, values }) => tensor(Float32Array.from(values), shape));
        const got = model.apply(given.length === 1 ? given[0] : given) as unknown;
        const expected = Object.entries(outputs) as [string, Values][];
        const found = Array.isArray(outputs)
          ? listed(got)
          : expected.map(([key]) => (got as Record<string, Tensor>)[key]);
        expect(found.map(({ shape }) => [...shape])).toEqual(expected.map(([, { shape }]) => shape));
        found.forEach((output, i) => {
          const numbers = output.dataSync();
          expected[i][1].values.forEach((value, at) =>
            expect(Math.abs(Number(numbers[at]) - value)).toBeLessThan(1e-6 + 1e-5 * Math.abs(value)),
          );
        });
      });
    }
  });
});
