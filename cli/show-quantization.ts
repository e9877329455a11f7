import { QuantizationAware, type TaskModel, type TrainingOutcome } from '../src/index.js';
import { shortNumber, withSeparators } from './text-table.js';

/** Options of a task that say what its weights are trained for; files of earlier versions may lack them. */
interface QuantizationOptions {
  readonly quantizationAware?: boolean | undefined;
  readonly quantizationFormat?: 'int8' | 'int4' | undefined;
}

const bitsOf = ({ quantizationFormat = 'int8' }: QuantizationOptions): number =>
  quantizationFormat === 'int8' ? 8 : 4;

/** What is said before such a training; nothing of another one. */
export function quantizationPlan(options: QuantizationOptions): string[] {
  if (options.quantizationAware !== true) return [];
  return [
    `training for ${bitsOf(options)} bits: its second half sees kernels and embeddings rounded, and every validation does`,
  ];
}

/** What was rounded, and what the rounded model scores. */
export interface QuantizationFacts {
  readonly format: 'int8' | 'int4';
  /** Weights that are rounded, by name. */
  readonly rounded: readonly string[];
  readonly numRounded: number;
  readonly numWeights: number;
  /** Loss of the rounded model on the validation data in its best epoch; null without such data. */
  readonly validationLoss: number | null;
}

/** Undefined where weights were trained as they are. */
export function quantizationFacts(
  { model, options }: TaskModel & { readonly options: QuantizationOptions },
  { valLoss, bestEpoch }: TrainingOutcome,
): QuantizationFacts | undefined {
  if (options.quantizationAware !== true) return undefined;
  const { quantizationFormat: format = 'int8' } = options;
  const rounded = new QuantizationAware({ format }).roundedNames(model);
  const sizes = new Map(Array.from(model.namedWeights(), ([name, { variable }]) => [name, variable.size]));
  const numRounded = rounded.reduce((sum, name) => sum + sizes.get(name)!, 0);
  const validationLoss = valLoss[bestEpoch] ?? null;
  return { format, rounded, numRounded, numWeights: model.countParams(), validationLoss };
}

/** The same for people; `path` is the model's file. */
export function quantizationText(
  { format, rounded, numRounded, numWeights, validationLoss }: QuantizationFacts,
  path: string,
): string {
  const score =
    validationLoss === null ? '' : `; the validation loss of the best epoch, ${shortNumber(validationLoss)}, is theirs`;
  return (
    `trained for ${format === 'int8' ? 8 : 4} bits: ${withSeparators(numRounded)} of ${withSeparators(numWeights)} weights ` +
    `are rounded (${rounded.length} arrays)${score}\n` +
    `${path} has the weights as they are, and so have all other figures: rondo compress ${path} --${format} writes the rounded ones`
  );
}
