import { type ConstraintLike, constraintNamed } from './constraints.js';
import { type InitializerLike, initializerNamed } from './initializers.js';
import type { WeightOptions } from './layer.js';
import { type RegularizerLike, regularizerNamed } from './regularizers.js';

/**
 * How a weight is made and kept, from a layer's options `ROLEInitializer`, `ROLERegularizer` and `ROLEConstraint`.
 *
 * @param role the first part of the options' names, such as `kernel`.
 * @throws UNKNOWN_NAME, USAGE
 */
export function weightOptions(
  where: string,
  role: string,
  options: object,
  defaultInitializer: InitializerLike,
): WeightOptions {
  const given = (part: string): unknown => (options as Readonly<Record<string, unknown>>)[role + part];
  return {
    initializer: initializerNamed(
      (given('Initializer') as InitializerLike | undefined) ?? defaultInitializer,
      `${where}.${role}Initializer`,
    ),
    regularizer: regularizerNamed(given('Regularizer') as RegularizerLike | undefined, `${where}.${role}Regularizer`),
    constraint: constraintNamed(given('Constraint') as ConstraintLike | undefined, `${where}.${role}Constraint`),
  };
}
