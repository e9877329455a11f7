import type { Command } from '../options.js';
import { bench } from './bench.js';
import { demo } from './demo.js';
import { doctor } from './doctor.js';
import { evaluate } from './evaluate.js';
import { generate } from './generate.js';
import { inspect } from './inspect.js';
import { predict } from './predict.js';
import { trainForecast } from './train-forecast.js';
import { trainLanguageModel } from './train-language-model.js';
import { vectors } from './vectors.js';

/** Every command, in the order of `rondo --help`. */
export const commands: readonly Command[] = [trainLanguageModel, trainForecast, generate, predict, evaluate, inspect, bench, doctor, demo, vectors];
