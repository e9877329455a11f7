/**
 * Times the library's LSTM beside the same equations written by a user with `defineCell`, in turn in one run, and
 * prints the ratio of their times for a training step:
 *
 *     npm run build && node dist/bench/user-cell.js
 */
import { cellNamed, defineCell, expressions, registerCell } from '../src/index.js';
import { describeMachineCode } from '../src/node.js';
import { CaseModel } from './case-model.js';
import { caseNamed, headlineCase } from './cases.js';
import { largestDifference } from './check-case.js';
import { describeMachine } from './machine.js';
import { median, timeRuns, warmUp } from './timing.js';

const { add, mul } = expressions;

// Names, and the order of factors and terms, differ from the library's, so that no compiled kernel is shared.
const userLSTM = defineCell({
  name: 'userLSTM',
  gates: ['i', 'f', 'g', 'o'],
  states: ['h', 'c'],
  forgetGates: ['f'],
  step({ gates, states, activation, recurrentActivation }) {
    const c = add(mul(activation(gates.g), recurrentActivation(gates.i)), mul(states.c, recurrentActivation(gates.f)));
    return { h: mul(activation(c), recurrentActivation(gates.o)), c };
  },
});
registerCell(userLSTM);

const ROUNDS = 120;
/** Orders of float32 sums and products may differ. */
const TOLERANCE = 1e-5;

const benchCase = caseNamed(headlineCase, 'user-cell');
const own = new CaseModel(benchCase);
const users = new CaseModel({ ...benchCase, cell: cellNamed(userLSTM.name).name });
const expected = own.lossAndGradients();
const difference = Math.max(...users.lossAndGradients().map((values, i) => largestDifference(expected[i], values)));
if (difference > TOLERANCE) throw new Error(`the two cells compute different gradients: ${difference}`);

const steps = [(): void => void own.train(), (): void => void users.train()];
steps.forEach(warmUp);
const times: number[][] = [[], []];
for (let round = 0; round < ROUNDS; round++) {
  for (const i of round % 2 === 0 ? [0, 1] : [1, 0]) times[i].push(...timeRuns(steps[i], 0, 1));
}
const sorted = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);
const ratios = sorted(times[1].map((ms, round) => ms / times[0][round]));
// On a busy machine the quicker quarter of the runs are those that nothing interrupted.
const quick = times.map((all) => median(sorted(all).slice(0, ROUNDS >> 2)));
const { processor, runtime, load } = describeMachine();
console.log(`${processor}, ${runtime}, ${describeMachineCode().instructions ?? 'WebAssembly'}, load ${load}`);
console.log(
  `library LSTM ${median(times[0]).toFixed(2)} ms, user's LSTM ${median(times[1]).toFixed(2)} ms a training ` +
    `step; gradients differ by ${difference.toExponential(1)}`,
);
console.log(
  `ratio ${median(ratios).toFixed(3)} (half of ${ROUNDS} rounds between ${ratios[ROUNDS >> 2].toFixed(3)} and ` +
    `${ratios[(3 * ROUNDS) >> 2].toFixed(3)}), of the quicker quarters ${(quick[1] / quick[0]).toFixed(3)}`,
);
