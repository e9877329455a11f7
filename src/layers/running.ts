import { RondoError, withinMemory } from '../errors.js';
import { currentBackend } from '../kernels/select.js';
import { whileRunning } from './weight-updates.js';

interface RunningLayer {
  readonly className: string;
  readonly name: string;
  readonly trainable: boolean;
}

/**
 * Runs the work of a layer.
 *
 * @throws OUT_OF_MEMORY naming it; USAGE where it looks at numbers while what it computes is noted as a program
 */
export function running<Result>(layer: RunningLayer, work: () => Result): Result {
  return whileRunning(layer, () => withoutNumbers(layer, () => withinMemory(layer.name, work)));
}

/** Layers that run while what they compute is noted, each inside the one before. */
const titles: string[] = [];

/** Which layer is running, while what layers compute is noted as a program. */
export function notedLayer(): string | undefined {
  return titles.at(-1);
}

function withoutNumbers<Result>({ className, name }: RunningLayer, work: () => Result): Result {
  if (!currentBackend().isNoting) return work();
  titles.push(name === className ? className : `${className} ${name}`);
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RondoError) || error.code !== 'BACKEND_UNAVAILABLE') throw error;
    throw new RondoError('USAGE', {
      where: 'standaloneCode',
      what: `the layer ${notedLayer()!} looks at numbers while it computes, so no code can be written of it.`,
      expected: 'layers whose operations are the same for all numbers',
      fix: 'leave the layer out, or use the model with the library itself.',
      cause: error,
    });
  } finally {
    titles.pop();
  }
}
