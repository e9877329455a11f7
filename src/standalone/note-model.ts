import { RondoError } from '../errors.js';
import { withoutCarriedStates } from '../layers/carried-states.js';
import type { Stepper } from '../layers/stepper.js';
import { type Shape, sizeOf } from '../shape.js';
import { withoutTape } from '../tensor/tape.js';
import { scope, Tensor } from '../tensor/tensor.js';
import { Variable } from '../tensor/variable.js';
import type { GraphStepper } from '../training/graph/graph-stepper.js';
import type { Model } from '../training/model.js';
import type { ModelOutput } from '../training/model-outputs.js';
import { type NotedBuffer, type NotedOperation, notingBackend } from './noting-backend.js';

/** Where numbers of a noted run go in or come out. */
export interface NotedPort {
  readonly name: string;
  readonly store: NotedBuffer;
  readonly offset: number;
  readonly size: number;
  /** Without the batch. */
  readonly shape: Shape;
}

/** What a model computed for one sequence, or for one step of it. */
export interface NotedRun {
  readonly operations: readonly NotedOperation[];
  /** The layers that asked for them. */
  readonly layers: readonly (string | undefined)[];
  readonly inputs: readonly NotedPort[];
  readonly outputs: readonly NotedPort[];
  /** Names of weights and states. */
  readonly names: ReadonlyMap<NotedBuffer, string>;
}

/** Any model, whatever it gives. */
export type AnyModel = Model<ModelOutput>;

/**
 * Notes one step of a stream of a model, with the states that it carries on. A model whose samples have no axis of time is
 * noted as it is: it carries nothing.
 *
 * @throws USAGE naming a layer that cannot be run step by step
 */
export function noteStep(model: AnyModel): NotedRun {
  const shapes = requireShapes(model);
  return noted(model, () => {
    const stepper = model.stepper(1);
    if (!readsSteps(stepper, shapes)) {
      const inputs = shapes.map((shape) => inputOf([1, ...shape]));
      return { inputs, compute: () => applied(model, inputs), states: new Map() };
    }
    const inputs = shapes.map((shape) => inputOf([1, 1, ...shape.slice(1)]));
    const compute = (): readonly Tensor[] =>
      'stepAll' in stepper ? (stepper as GraphStepper).stepAll(inputs) : [stepper.step(inputs[0])];
    return { inputs, compute, states: stepper.states };
  });
}

/** Notes a run over whole sequences of a length. @throws USAGE naming what cannot be noted */
export function noteSequence(model: AnyModel, length: number): NotedRun {
  const shapes = requireShapes(model);
  return noted(model, () => {
    const inputs = shapes.map(([, ...shape]) => inputOf([1, length, ...shape]));
    return { inputs, compute: () => applied(model, inputs), states: new Map() };
  });
}

/** Rows of features without an axis of time are no steps; indices are. */
function readsSteps({ read, states }: Stepper, shapes: readonly Shape[]): boolean {
  return read !== undefined || states.size > 0 || shapes.every(({ length }) => length > 1);
}

function requireShapes(model: AnyModel): readonly Shape[] {
  const shapes = model.inputSampleShapes;
  if (shapes !== undefined) return shapes;
  throw new RondoError('USAGE', {
    where: `${model.className} ${model.name}`,
    what: 'the model has no weights yet.',
    fix: 'give it or its first layer an inputShape, or train it first.',
  });
}

interface Work {
  readonly inputs: readonly Variable[];
  readonly compute: () => readonly Tensor[];
  readonly states: ReadonlyMap<string, Variable>;
}

function inputOf(shape: Shape): Variable {
  return new Variable(shape, new Float64Array(sizeOf(shape)), 'input', false);
}

function applied(model: AnyModel, inputs: readonly Tensor[]): readonly Tensor[] {
  return tensorsIn(model.apply(inputs.length === 1 ? inputs[0] : inputs, { training: false }));
}

function tensorsIn(value: unknown): readonly Tensor[] {
  if (value instanceof Tensor) return [value];
  return Object.values(Object(value)).flatMap(tensorsIn);
}

function noted(model: AnyModel, begin: () => Work): NotedRun {
  const names = new Map<NotedBuffer, string>();
  let [inputs, outputs]: [NotedPort[], NotedPort[]] = [[], []];
  const calls = notingBackend.noting(() =>
    withoutTape(() =>
      withoutCarriedStates(() =>
        scope(() => {
          const work = begin();
          const results = work.compute();
          for (const [path, { variable }] of model.namedWeights())
            if (variable.compressed === undefined) names.set(bufferOf(variable), path);
          for (const [path, state] of work.states) names.set(bufferOf(state), path);
          inputs = work.inputs.map((input, i) => portOf(model.inputNames?.[i] ?? 'input', input));
          outputs = results.map((result, i) => portOf(results.length === 1 ? 'output' : `output${i + 1}`, result));
        }),
      ),
    ),
  );
  return {
    operations: calls.map(({ operation }) => operation),
    layers: calls.map(({ layer }) => layer),
    inputs,
    outputs,
    names,
  };
}

function portOf(name: string, tensor: Tensor): NotedPort {
  const { buffer, offset } = tensor.viewOn(notingBackend);
  return { name, store: buffer as NotedBuffer, offset, size: tensor.size, shape: tensor.shape.slice(1) };
}

function bufferOf(variable: Variable): NotedBuffer {
  return variable.storedViewOn(notingBackend).buffer as NotedBuffer;
}
