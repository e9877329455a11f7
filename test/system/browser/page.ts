import { trainTenSteps } from './ten-steps.js';

trainTenSteps().then((losses) => Object.assign(globalThis, { tenLosses: losses }));
