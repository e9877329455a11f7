import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { Dense } from '../../src/layers/dense.js';
import { RNN } from '../../src/layers/rnn.js';
import { Random } from '../../src/random.js';
import { standaloneCode } from '../../src/standalone/standalone-code.js';
import { Sequential } from '../../src/training/sequential.js';
import { normals, randomise } from '../support/random.js';

const model = new Sequential([
  new RNN({ cell: ['lstm', 'layerNormGRU'], units: [5, 6], returnSequences: true, inputShape: [null, 3] }),
  new RNN({ cell: 'mogrifierLSTM', units: 7 }),
  new Dense({ units: 2, activation: 'softmax' }),
]);
randomise(model, new Random(23));
const values = Float32Array.from(normals([6, 3], new Random(29)).dataSync());
const steps = Array.from({ length: 6 }, (_, t) => [...values.subarray(3 * t, 3 * t + 3)]);
const stream = model.stream();
const expected = steps.flatMap((step) => [...stream.step(step)]);
const { source } = standaloneCode(model, { language: 'js', weights: 'float32' });
const run = `createModel().run(${JSON.stringify(steps)}).flatMap((output) => Array.from(output))`;

function requireClose(actual: unknown): void {
  expect(actual).toHaveLength(expected.length);
  (actual as number[]).forEach((value, i) => expect(Math.abs(value - expected[i])).toBeLessThan(1e-5));
}

const browserPath = [
  process.env.RONDO_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((candidate) => candidate !== undefined && existsSync(candidate));

/** A folder whose node_modules have quickjs-emscripten-core and @jitl/quickjs-wasmfile-release-sync. */
const quickjs = process.env.RONDO_QUICKJS;

/** As much of quickjs-emscripten-core as is used. */
interface QuickJS {
  newContext(): {
    evalCode(code: string): unknown;
    unwrapResult(result: unknown): { dispose(): void };
    dump(handle: object): unknown;
    dispose(): void;
  };
}

describe('a module of code', () => {
  const noBrowser = browserPath === undefined ? ' (not run: no Chromium found; set RONDO_CHROMIUM)' : '';

  it.skipIf(browserPath === undefined)(`runs in Chromium under a policy without eval${noBrowser}`, async () => {
    const pages: Readonly<Record<string, readonly [type: string, text: string]>> = {
      '/': ['text/html', '<!doctype html><title>Rondo</title><script type="module" src="/page.js"></script>'],
      '/model.js': ['text/javascript', source],
      '/page.js': ['text/javascript', `import { createModel } from '/model.js';\nglobalThis.found = ${run};`],
    };
    const server = createServer((request, response) => {
      const [type, text] = pages[request.url ?? ''] ?? ['text/plain', ''];
      response.setHeader('content-type', type);
      response.setHeader('content-security-policy', "default-src 'none'; script-src 'self'");
      response.end(text);
    }).listen(0, '127.0.0.1');
    const browser = await chromium.launch({
      executablePath: browserPath!,
      timeout: 0,
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    });
    try {
      const page = await browser.newPage();
      const failures: string[] = [];
      page.on('pageerror', (error) => failures.push(error.message));
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, { waitUntil: 'load' });
      expect(failures).toEqual([]);
      requireClose(await page.evaluate('globalThis.found'));
    } finally {
      await browser.close();
      server.close();
    }
  });

  const noQuickjs = quickjs === undefined ? ' (not run: set RONDO_QUICKJS to a folder with QuickJS)' : '';

  it.skipIf(quickjs === undefined)(`runs in QuickJS${noQuickjs}`, async () => {
    const require = createRequire(join(quickjs!, 'package.json'));
    const load = async (name: string): Promise<Record<string, unknown>> =>
      (await import(/* @vite-ignore */ require.resolve(name))) as Record<string, unknown>;
    const core = await load('quickjs-emscripten-core');
    const variant = await load('@jitl/quickjs-wasmfile-release-sync');
    const newModule = core.newQuickJSWASMModuleFromVariant as (given: unknown) => Promise<QuickJS>;
    const context = (await newModule(variant.default)).newContext();
    const handle = context.unwrapResult(context.evalCode(`${source.replace(/^export /gm, '')}\n${run}`));
    requireClose(context.dump(handle));
    handle.dispose();
    context.dispose();
  });

  it('needs nothing of a host but its language', () => {
    expect(source).not.toMatch(/\b(require|process|Buffer|atob|eval|Function|WebAssembly)/);
  });
});
