import type { Command } from '../options.js';
import { bench } from './bench.js';
import { demo } from './demo.js';
import { doctor } from './doctor.js';
import { explain } from './explain.js';
import { evaluate } from './evaluate.js';
import { generate } from './generate.js';
import { inspect } from './inspect.js';
import { predict } from './predict.js';
import { robustness } from './robustness.js';
import { trainClassify } from './train-classify.js';
import { trainForecast } from './train-forecast.js';
import { trainLanguageModel } from './train-language-model.js';

/** Every command, in the order of `rondo --help`. */
export const commands: readonly Command[] = [trainLanguageModel, trainForecast, trainClassify, generate, predict, evaluate, explain, robustness, inspect, bench, doctor, demo];
