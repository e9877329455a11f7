import { availableParallelism } from 'node:os';
import { setThreads, useBackend } from '../../src/kernels/select.js';
import { setSeed } from '../../src/random.js';

/**
 * Run before every file of unit tests, which share one library: each begins as in a process of its own,
 * with the backend, the threads and the seed that nobody has chosen. Tests of machine code name it.
 */
process.env.RONDO_NATIVE = 'off';
useBackend('wasm');
setThreads(Math.min(8, availableParallelism()));
setSeed(0);
