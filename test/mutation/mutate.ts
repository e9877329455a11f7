import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { transform } from 'esbuild';
import { mutations } from './list/index.js';
import { type Mutation, mutated } from './mutation.js';
import { counted, lineOf, markdownReport, type Outcome } from './report.js';
import { runTests } from './run-tests.js';
import { WorkingCopy } from './working-copy.js';

const usage = `npm run mutate -- [options]

Puts the bugs of test/mutation/list into a copy of the sources, one at a time, and says which test sees each.

  --only TEXT     only bugs whose file or description contains the text
  --from N        begin with the N-th of them (1 is the first)
  --all           where the nearest tests do not see a bug, run the whole suite
  --list          print the bugs and which of them are stale, and run nothing
  --no-baseline   do not check first that the tests pass without a bug
  --limit SECONDS of one run of tests, since a bug may keep it from ending (default 900)
  --report FOLDER where mutation.json and mutation.md are written (default out)
`;

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    from: { type: 'string', default: '1' },
    all: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    'no-baseline': { type: 'boolean', default: false },
    limit: { type: 'string', default: '900' },
    report: { type: 'string', default: 'out' },
    help: { type: 'boolean', default: false },
  },
});

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interruption.abort());

const root = process.cwd();
const chosen = mutations
  .filter(({ file, bug }) => `${file} ${bug}`.includes(options.only))
  .slice(Number(options.from) - 1);
const limitMs = 1000 * Number(options.limit);
const run = (copy: WorkingCopy, files: readonly string[], stopsAtFirst = true) =>
  runTests(copy.folder, { files, limitMs, stopsAtFirst, signal: interruption.signal });

async function outcomeOf(copy: WorkingCopy, mutation: Mutation): Promise<Outcome> {
  const source = copy.read(mutation.file);
  if (source === undefined) return { mutation, verdict: 'stale', detail: 'there is no such file' };
  const result = mutated(source, mutation);
  if ('stale' in result) return { mutation, verdict: 'stale', detail: result.stale };
  if (options.list) return { mutation, verdict: 'not seen', detail: '' };
  const fault = await transform(result.text, { loader: 'ts' }).then(
    () => '',
    ({ message }: Error) => message,
  );
  if (fault !== '') return { mutation, verdict: 'broken', detail: fault.split('\n')[1] ?? fault };
  copy.write(mutation.file, result.text);
  try {
    const nearest = await run(copy, mutation.tests);
    if (!nearest.passed) return { mutation, verdict: 'seen', detail: nearest.failure };
    const whole = options.all && !interruption.signal.aborted ? await run(copy, []) : nearest;
    return { mutation, verdict: whole.passed ? 'not seen' : 'seen elsewhere', detail: whole.failure };
  } finally {
    copy.write(mutation.file, source);
  }
}

/** Without a bug the tests must pass, or every bug would count as seen. */
async function requireBaseline(copy: WorkingCopy): Promise<void> {
  const files = [...new Set(chosen.flatMap(({ tests }) => tests))];
  console.log(`without a bug: ${files.length} test files`);
  const { passed, failure } = await run(copy, files, false);
  if (!passed && !interruption.signal.aborted) throw new Error(`the tests fail without a bug: ${failure}`);
}

async function main(): Promise<void> {
  if (options.help) return void process.stdout.write(usage);
  const copy = new WorkingCopy(root);
  const outcomes: Outcome[] = [];
  try {
    if (!options.list && !options['no-baseline']) await requireBaseline(copy);
    for (const [i, mutation] of chosen.entries()) {
      const outcome = await outcomeOf(copy, mutation);
      // What an interruption ended has no verdict.
      if (interruption.signal.aborted) break;
      outcomes.push(outcome);
      console.log(
        options.list
          ? `${i + 1} ${outcome.verdict === 'stale' ? `stale (${outcome.detail}) ` : ''}${mutation.file}: ` +
              mutation.bug
          : `${i + 1}/${chosen.length} ${lineOf(outcome)}`,
      );
    }
  } finally {
    copy.remove();
  }
  if (options.list) return;
  console.log(`\n${outcomes.length} of ${chosen.length}: ${counted(outcomes)}`);
  mkdirSync(options.report, { recursive: true });
  writeFileSync(join(options.report, 'mutation.md'), markdownReport(outcomes, chosen.length));
  writeFileSync(
    join(options.report, 'mutation.json'),
    JSON.stringify(
      outcomes.map(({ mutation: { bug, file }, verdict, detail }) => ({ file, bug, verdict, detail })),
      undefined,
      1,
    ),
  );
  process.exitCode = outcomes.some(({ verdict }) => verdict !== 'seen' && verdict !== 'seen elsewhere') ? 1 : 0;
}

await main();
