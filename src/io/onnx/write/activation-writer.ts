import { type ActivationName, activation } from '../../../expression/activations.js';
import { leaf } from '../../../expression/build.js';
import { Simplifier } from '../../../expression/simplify.js';
import { ExpressionWriter } from './expression-writer.js';
import type { GraphWriter } from './graph-writer.js';
import type { WrittenAttribute } from './onnx-message.js';

interface Operator {
  readonly operator: string;
  readonly attributes?: Readonly<Record<string, WrittenAttribute>>;
}

/** Operators that compute an activation by themselves; all others are written as their equations. */
const operators: Readonly<Partial<Record<ActivationName, Operator>>> = {
  relu: { operator: 'Relu' },
  sigmoid: { operator: 'Sigmoid' },
  tanh: { operator: 'Tanh' },
  softmax: { operator: 'Softmax', attributes: { axis: -1 } },
  softplus: { operator: 'Softplus' },
  softsign: { operator: 'Softsign' },
  elu: { operator: 'Elu', attributes: { alpha: { float: 1 } } },
  hardSigmoid: { operator: 'HardSigmoid', attributes: { alpha: { float: 1 / 6 }, beta: { float: 0.5 } } },
  leakyRelu: { operator: 'LeakyRelu', attributes: { alpha: { float: 0.2 } } },
  exponential: { operator: 'Exp' },
};

/** Writes an activation of a value; a softmax runs along the last axis. */
export function writeActivation(graph: GraphWriter, name: ActivationName, value: string): string {
  if (name === 'linear') return value;
  const own = operators[name];
  if (own !== undefined) return graph.add(own.operator, [value], { attributes: own.attributes });
  const x = leaf('x');
  return new ExpressionWriter(graph, () => value).write(new Simplifier().simplify(activation(name)(x)), 1);
}
