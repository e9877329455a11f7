/**
 * Times how sentences are translated, greedily and with beams, one by one and in batches; in turns with another build
 * of the library, where its `dist` folder is named, and with PyTorch's eager loop, where `--python` is:
 *
 *     npm run bench:decoding -- [OTHER_DIST] [--python PATH] [--units 256] [--threads 2] [--turns 9] [--sentences 128]
 *
 * The model is trained for a minute at most on made pairs, so that translations end by themselves: sources of 14
 * words on average out of 4,000, whose targets are other words in the same order. PyTorch has the same weights and
 * follows the same beams; it is timed with and without the rows of sentences that are done, and the faster counts. What
 * both write is compared first. Options of Node, such as `--experimental-wasm-revectorize`, are given to
 * `node dist/bench/decoding.js`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { Random, setSeed, type Translator, TranslatorTraining, useBackend } from '../src/index.js';
import { loadTask, saveTask } from '../src/node.js';
import { PeerProcess } from './comparison/peer-process.js';
import { readFloats, writeArrays } from './comparison/shared-arrays.js';
import { describeMachine } from './machine.js';
import { median, middleHalf } from './timing.js';
import { benchFolder } from './write-results.js';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    python: { type: 'string', default: process.env.RONDO_PYTHON },
    units: { type: 'string', default: '256' },
    threads: { type: 'string', default: '2' },
    turns: { type: 'string', default: '9' },
    sentences: { type: 'string', default: '128' },
  },
});
const [units, threads, turns, numSentences] = (['units', 'threads', 'turns', 'sentences'] as const).map((name) =>
  Number(options[name]),
);
const numWords = 4000;

/** How sentences are decoded. */
interface Case {
  readonly beams: number;
  readonly batchSize: number;
  /** Of all sentences: one by one takes longer. */
  readonly numSentences: number;
}

const cases: readonly Case[] = [1, 5].flatMap((beams) => [
  { beams, batchSize: 64, numSentences },
  { beams, batchSize: 1, numSentences: Math.ceil(numSentences / 4) },
]);

/** Sentences of words, the earlier ones more frequent. */
function sentencesOf(count: number, random: Random): string[] {
  const word = (): string => `w${Math.floor(numWords ** random.uniform())}`;
  return Array.from({ length: count }, () =>
    Array.from({ length: Math.max(4, Math.round(14 + 4 * random.normal())) }, word).join(' '),
  );
}

async function trained(): Promise<Translator> {
  setSeed(1);
  const random = new Random(1);
  // Every word once, so that the vocabulary has them all.
  const all = Array.from({ length: numWords / 40 }, (_, i) =>
    Array.from({ length: 40 }, (_, j) => `w${40 * i + j}`).join(' '),
  );
  const pairOf = (source: string) => ({ source, target: source.replaceAll('w', 'v') });
  const training = new TranslatorTraining(
    {
      train: [...sentencesOf(3000, random), ...all].map(pairOf),
      validation: sentencesOf(50, random).map(pairOf),
      test: sentencesOf(50, random).map(pairOf),
    },
    {
      ...({ sourceTokens: 'whitespace', targetTokens: 'whitespace', units, layers: 1, dropout: 0 } as const),
      ...{ epochs: 2, batchTokens: 600 },
    },
  );
  await training.train();
  return training.translator;
}

/** Something that is timed. */
interface Contender {
  readonly title: string;
  /** Milliseconds of each turn. */
  readonly turns: number[];
  run(): Promise<number>;
}

async function rondo(dist: string, file: string): Promise<(texts: readonly string[], one: Case) => Promise<string[]>> {
  const load = (name: string): Promise<unknown> => import(pathToFileURL(join(dist, `src/${name}.js`)).href);
  const library = (await load('index')) as typeof import('../src/index.js');
  const { loadTask: restored } = (await load('node')) as { loadTask: typeof loadTask };
  library.useBackend('wasm');
  library.setThreads(threads);
  const translator = (await restored(file)).task as Translator;
  return async (texts, { beams, batchSize }) => {
    const written: string[] = [];
    for (let at = 0; at < texts.length; at += batchSize)
      for (const [{ text }] of await translator.predict(texts.slice(at, at + batchSize), { beams })) written.push(text);
    return written;
  };
}

/** What the peer decodes: the ids of sources, and how long targets may be. */
function caseOf({ codecs, pairs: { lengthRatio, longestTarget } }: Translator, texts: readonly string[], one: Case) {
  const sources = texts.map((text) => [...codecs.source.encode(text), 2]);
  // As long as training has shown, and half as much again.
  const limits = sources.map(({ length }) => {
    const shown = Math.max(longestTarget, lengthRatio.mean * (length - 1));
    return Math.ceil(1.5 * Math.min(lengthRatio.most * (length - 1), shown)) + 10;
  });
  const unknown = Array.from({ length: codecs.target.size }, (_, id) => id).filter((id) => codecs.target.isUnknown(id));
  return { ...one, sources, limits, hidden: [0, 1, ...unknown], longest: Math.max(...limits) };
}

async function timeCase(
  one: Case,
  translator: Translator,
  decoders: readonly [string, Awaited<ReturnType<typeof rondo>>][],
) {
  const texts = sentencesOf(one.numSentences, new Random(2));
  const contenders: Contender[] = [];
  const written: string[][] = [];
  for (const [title, decode] of decoders) {
    written.push(await decode(texts, one));
    // Workers start only when this thread has nothing to do for a moment.
    await new Promise((done) => setTimeout(done, 100));
    await decode(texts, one);
    const run = async (): Promise<number> => {
      const started = performance.now();
      await decode(texts, one);
      return performance.now() - started;
    };
    contenders.push({ title, run, turns: [] });
  }
  const peer = options.python === undefined ? undefined : pytorch(options.python);
  if (peer !== undefined) {
    const directory = mkdtempSync(join(tmpdir(), 'rondo-decoding-'));
    try {
      writeArrays(
        directory,
        translator.model.weights.map(({ name, shape }, i) => ({
          name,
          shape,
          values: Float32Array.from(translator.model.weights[i].dataSync()),
        })),
      );
      const given = caseOf(translator, texts, one);
      const { outputFile, variants } = await peer.prepare(given, directory);
      const ids = readFloats(join(directory, outputFile));
      written.push(
        texts.map((_, i) => translator.codecs.target.decode(ids.subarray(i * given.longest, (i + 1) * given.longest))),
      );
      for (const variant of variants) {
        await peer.measure(variant, 2);
        const run = async (): Promise<number> => (await peer.measure(variant, 1)).elapsedMs[0];
        contenders.push({ title: `PyTorch, ${variant}`, run, turns: [] });
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  }
  for (let turn = 0; turn < turns; turn++) {
    const order = turn % 2 === 1 ? [...contenders].reverse() : contenders;
    for (const contender of order) contender.turns.push(await contender.run());
  }
  peer?.close();

  const words = written[0].reduce((sum, text) => sum + text.split(' ').length, 0) / texts.length;
  console.log(
    `\n${one.beams === 1 ? 'greedy' : `${one.beams} beams`}, batch ${one.batchSize}, ${words.toFixed(1)} words each`,
  );
  for (const own of written.slice(1)) {
    const same = own.filter((text, i) => text === written[0][i]).length;
    console.log(`${same} of ${texts.length} sentences are the same`);
  }
  const [first] = contenders;
  for (const { title, turns: ms } of contenders) {
    const ratios = ms.map((value, turn) => value / first.turns[turn]);
    console.log(
      `${((texts.length / median(ms)) * 1000).toFixed(1).padStart(8)} sentences/s: ${title}` +
        (title === first.title ? '' : `, ${median(ratios).toFixed(2)} times its time (${middleHalf(ratios, 2)})`),
    );
  }
}

function pytorch(program: string): PeerProcess {
  return new PeerProcess({
    name: 'PyTorch',
    program,
    args: [join(benchFolder, 'peers/pytorch-decoding.py')],
    numThreads: threads,
    timeoutMs: 240_000,
  });
}

async function main(): Promise<void> {
  useBackend('wasm');
  const directory = mkdtempSync(join(tmpdir(), 'rondo-decoding-'));
  const file = join(directory, 'translator.safetensors');
  await saveTask(await trained(), file);
  const translator = (await loadTask(file)).task as Translator;
  const own = fileURLToPath(new URL('..', import.meta.url));
  const dists = [own, ...positionals.map((path) => resolve(path))];
  const decoders: [string, Awaited<ReturnType<typeof rondo>>][] = [];
  for (const dist of dists) decoders.push([dist === own ? 'this build' : dist, await rondo(dist, file)]);
  rmSync(directory, { recursive: true });
  const { processor, runtime, load } = describeMachine();
  console.log(`${processor}, ${runtime}, load ${load}, ${threads} threads; ${units} units`);
  for (const one of cases) await timeCase(one, translator, decoders);
}

await main();
process.exit(0);
