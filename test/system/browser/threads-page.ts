import { computeOnThreads } from './threads.js';

computeOnThreads().then((found) => Object.assign(globalThis, { found }));
