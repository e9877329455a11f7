import { RondoError } from '../errors.js';
import type { Shape } from '../shape.js';
import type { SoftTargets } from '../tensor/soft-targets.js';
import type { ScoredLabels } from '../tensor/softmax-crossentropy.js';
import type { Tensor } from '../tensor/tensor.js';
import { type Mask, setMask, stillMaskOf } from './mask.js';

/** Activations that losses can do without: they have a form for what goes into them. */
export type FinalActivation = 'softmax' | 'sigmoid';

/** The activation of a name, where losses can do without it. */
export function finalActivationOf(activation: string): FinalActivation | undefined {
  return activation === 'softmax' || activation === 'sigmoid' ? activation : undefined;
}

/** What is asked of labels besides their losses. */
export interface ScoreOptions {
  /** By row: what its loss is multiplied with in the total. */
  readonly weights: ArrayLike<number>;
  /** Whether the likeliest class of each row is wanted. */
  readonly predicted: boolean;
  /** How much of each label is spread over all classes in the total, never in the losses of rows. Default 0. */
  readonly labelSmoothing?: number | undefined;
  /** Distributions that the total holds the rows against beside their labels. */
  readonly softTargets?: SoftTargets | undefined;
}

/**
 * `-ln p` of a class for each row, differentiable by everything the layer computes with. @throws OUT_OF_RANGE; USAGE for
 * smoothed labels and soft targets where classes are scored without the rest
 */
export type ScoreLabels = (labels: Int32Array, options: ScoreOptions) => ScoredLabels;

/**
 * The output of a layer or model in every form it can be had in. Nothing is computed before it is asked for, and nothing
 * twice; losses and metrics ask for the best form that they understand. Belongs to the scope it was made in.
 */
export interface OutputHead {
  /** Of the output, `[batch, ..., features]`. */
  readonly shape: Shape;
  /** The mask that travels with the output. */
  readonly mask: Mask | undefined;
  /** What the output ends with, where that can be left out. */
  readonly activation: FinalActivation | undefined;
  /** The output as `apply` gives it, such as probabilities. */
  values(): Tensor;
  /** What goes into {@link OutputHead.activation}, without the rounding of probabilities near 0 and 1; else the output. */
  logits(): Tensor;
  /**
   * Given where the output is a distribution over classes, or goes into a softmax, and single classes can be had without
   * the rest: over large vocabularies that saves most of the memory, and gives a loss and its derivative in one go.
   */
  readonly score?: ScoreLabels | undefined;
  /** Given where `score` is an estimate: the scores of the distribution itself, which metrics see. */
  readonly exactScore?: ScoreLabels | undefined;
}

/** Of a head whose labels are scored without all other classes. @throws USAGE for smoothed labels and soft targets */
export function refuseSpreadLabels(where: string, { labelSmoothing = 0, softTargets }: ScoreOptions): void {
  if (labelSmoothing === 0 && softTargets === undefined) return;
  const isSoft = softTargets !== undefined;
  throw new RondoError('USAGE', {
    where,
    what: `it scores labels without the probabilities of all classes, which ${isSoft ? 'soft targets' : 'smoothed labels'} need.`,
    ...(!isSoft && { expected: 'labelSmoothing 0', received: String(labelSmoothing) }),
    fix: `${isSoft ? '' : 'leave `labelSmoothing` out, or '}let the model end in a Dense layer with softmax.`,
  });
}

/** A head of one form. */
export function headOf(output: Tensor): OutputHead {
  const values = (): Tensor => output;
  return { shape: output.shape, mask: stillMaskOf(output), activation: undefined, values, logits: values };
}

/** How the forms of a head are computed. */
export interface HeadParts extends Omit<OutputHead, 'values'> {
  /** @param logits where they were computed already */
  values(logits: Tensor | undefined): Tensor;
}

/** A head whose forms are computed once. */
export function lazyHead(head: HeadParts): OutputHead {
  const { activation, mask } = head;
  let output: Tensor | undefined;
  let input: Tensor | undefined;
  const values = (): Tensor => {
    output ??= head.values(input);
    setMask(output, mask);
    return output;
  };
  const logits = (): Tensor => {
    input ??= head.logits();
    return input;
  };
  return { ...head, values, logits: activation === undefined ? values : logits };
}
