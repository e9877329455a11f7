export { longMemoryOptions } from './memory-model.js';
export type { LongMemoryProblem, ProblemBatch } from './problem.js';
export {
  type LongMemoryProblemName,
  longMemoryProblem,
  longMemoryProblemNamed,
  longMemoryProblems,
  type ProblemKind,
} from './problems.js';
export {
  type ProblemCheck,
  type ProblemOutcome,
  type ProblemScore,
  type SolveProblemOptions,
  solveProblem,
} from './solve-problem.js';
