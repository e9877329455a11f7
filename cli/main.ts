#!/usr/bin/env node
import { watchOutput } from './output.js';
import { isOutputNeeded, run } from './run.js';

watchOutput({ isNeeded: isOutputNeeded });
await run(process.argv.slice(2));
