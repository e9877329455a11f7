import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { trainTenSteps } from './browser/ten-steps.js';
import type { ThreadsFound } from './browser/threads.js';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** Budgets, gzipped, kernels included. */
const budgets = [
  {
    what: 'the core: layers, cells, derivatives, both backends, threads',
    entry: './browser/core.ts',
    largestBytes: 94_400,
  },
  {
    what: 'a page that trains with `fit`: optimizers, schedules, losses and metrics by name',
    entry: './browser/page.ts',
    largestBytes: 114_600,
  },
  {
    what: 'everything: tables, tokenizers, word vectors, files and tasks too',
    entry: '../../src/index.ts',
    largestBytes: 483_000,
  },
] as const;

/** What a page that loads no file and names no backend must not carry. */
const elsewhere = new RegExp(
  [
    String.raw`src/(training/(layer-registry|graph|callbacks/(?!callback\.))|io|data|tasks)`,
    'src/kernels/(attention|sequence/memory-attention|reference|blas|x64|koffi|describe-host|use-blas|use-machine-code)',
    'src/tensor/(chain-|dot-product-attention|linear-chain|sequence-memory)',
    'src/cells/attending',
    'src/layers/(attention-rnn|conv|symbolic-tensor|embedding|bidirectional|crf|gru|reshape|time-distributed)',
  ].join('|'),
);

/** A program of a page: a file, or TypeScript as a document shows it. */
type Entry = string | { readonly program: string };

/** `inputs`: the files of which something is in it. */
async function bundle(entry: Entry): Promise<{ text: string; inputs: string[] }> {
  const result = await build({
    ...(typeof entry === 'string'
      ? { entryPoints: [path(entry)] }
      : { stdin: { contents: entry.program, loader: 'ts', resolveDir: path('.') } }),
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    write: false,
    metafile: true,
    alias: { rondo: path('../../src/index.ts') },
  });
  const [output] = Object.values(result.metafile.outputs);
  return {
    text: result.outputFiles[0].text,
    inputs: Object.keys(output.inputs).filter((file) => output.inputs[file].bytesInOutput > 0),
  };
}

const browserPath = [
  process.env.RONDO_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((candidate) => candidate !== undefined && existsSync(candidate));

describe('the browser bundle', () => {
  it.each(budgets)('holds $what in $largestBytes bytes, without a module of Node', async ({ entry, largestBytes }) => {
    const { text } = await bundle(entry);
    expect(text).not.toMatch(/from"node:/);
    expect(gzipSync(text, { level: 9 }).length).toBeLessThan(largestBytes);
  });

  it('carries in a page only what the page uses', async () => {
    const { inputs } = await bundle('./browser/page.ts');
    expect(inputs.some((file) => file.endsWith('src/layers/lstm.ts'))).toBe(true);
    expect(inputs.filter((file) => elsewhere.test(file))).toEqual([]);
  });

  const notRun = browserPath === undefined ? ' (not run: no Chromium found; set RONDO_CHROMIUM)' : '';

  it.skipIf(browserPath === undefined)(
    `trains ten steps in headless Chromium with the losses of Node${notRun}`,
    async () => {
      const losses = (await resultOfPage('./browser/page.ts', 'tenLosses')) as number[];
      const here = await trainTenSteps();
      expect(losses).toHaveLength(10);
      expect(losses[9]).toBeLessThan(losses[0]);
      // Two builds of V8 may choose different tiles, which add in another order.
      losses.forEach((loss, i) => expect(Math.abs(loss - here[i])).toBeLessThan(1e-4));
    },
  );

  it.skipIf(browserPath === undefined)(
    `computes on two threads in a page that is cross-origin isolated, with the same bits${notRun}`,
    async () => {
      const headers = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };
      const found = (await resultOfPage('./browser/threads-page.ts', 'found', { headers })) as ThreadsFound;
      expect(found.numThreads).toBe(2);
      expect(found.together).toEqual(found.alone);
    },
  );

  it.skipIf(browserPath === undefined)(`computes on one thread in any other page, and says why${notRun}`, async () => {
    const found = (await resultOfPage('./browser/threads-page.ts', 'found')) as ThreadsFound;
    expect(found).toMatchObject({
      numThreads: 1,
      reason: 'the page is not cross-origin isolated, so its workers cannot share memory.',
    });
    expect(found.together).toEqual(found.alone);
  });

  it.skipIf(browserPath === undefined)(`runs the programs of the guide, a worker among them${notRun}`, async () => {
    const { pages } = programsOf('in-a-page.md');
    expect(pages).toHaveLength(2);
    expect(await resultOfPage({ program: pages[0] }, 'losses')).toHaveLength(5);
    expect(await resultOfPage({ program: pages[1] }, 'threads')).toBeDefined();
    const {
      pages: [main],
      worker,
    } = programsOf('in-a-worker.md');
    expect(await resultOfPage({ program: main }, 'next', { worker: { program: worker! } })).toEqual([
      [expect.any(Number)],
    ]);
  });
});

/** The programs of a document's `ts page` and `ts worker` blocks. */
function programsOf(document: string): { pages: string[]; worker: string | undefined } {
  const text = readFileSync(path(`../../docs/guide/${document}`), 'utf8');
  const blocks = [...text.matchAll(/^```ts (page|worker)\n([\s\S]*?)^```/gm)].map(([, kind, program]) => ({
    kind,
    program,
  }));
  return {
    pages: blocks.filter(({ kind }) => kind === 'page').map(({ program }) => program),
    worker: blocks.find(({ kind }) => kind === 'worker')?.program,
  };
}

/** Runs the bundle of an entry in headless Chromium until it has set a global, and returns that. */
async function resultOfPage(
  entry: Entry,
  name: string,
  { headers = {}, worker }: { headers?: Readonly<Record<string, string>>; worker?: Entry } = {},
): Promise<unknown> {
  const scripts = new Map([['/page.js', (await bundle(entry)).text]]);
  if (worker !== undefined) scripts.set('/trainer.js', (await bundle(worker)).text);
  const server = createServer((request, response) => {
    const script = scripts.get(request.url ?? '');
    for (const [header, value] of Object.entries(headers)) response.setHeader(header, value);
    response.setHeader('content-type', script === undefined ? 'text/html' : 'text/javascript');
    response.end(script ?? '<!doctype html><title>Rondo</title><script type="module" src="/page.js"></script>');
  }).listen(0, '127.0.0.1');
  const browser = await chromium.launch({
    ...(browserPath !== undefined && { executablePath: browserPath }),
    timeout: 0,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(0);
    const failures: string[] = [];
    page.on('pageerror', (error) => failures.push(error.message));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const failed = new Promise((resolve) => page.once('pageerror', resolve));
    const done = page
      .waitForFunction(`globalThis.${name} !== undefined`, undefined, { timeout: 0 })
      .catch(() => undefined);
    await Promise.race([done, failed]);
    expect(failures).toEqual([]);
    return await page.evaluate(`globalThis.${name}`);
  } finally {
    await browser.close();
    server.close();
  }
}
