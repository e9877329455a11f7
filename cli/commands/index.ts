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
import { trainTag } from './train-tag.js';

/** Every command, in the order of `rondo --help`. */
export const commands: readonly Command[] = [trainLanguageModel, trainForecast, trainTag, generate, predict, evaluate, inspect, bench, doctor, demo];
