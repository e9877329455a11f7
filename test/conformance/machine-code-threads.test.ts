import { it } from 'vitest';
import { provideMachineCode } from '../../src/kernels/machine-code.js';
import { machineCodes } from '../support/machine-code.js';

/** What this processor computes with by default, for backends that threads share and for trainings. */
const [here] = machineCodes.filter(({ code }) => code !== undefined).reverse();

if (here?.code === undefined) {
  it.skip(`threads and trainings on machine code (not run: ${machineCodes[0].reason})`, () => undefined);
} else {
  const { code } = here;
  provideMachineCode(() => code);
  await import('./threads.test.js');
  await import('./training.test.js');
  await import('./streams.test.js');
}
