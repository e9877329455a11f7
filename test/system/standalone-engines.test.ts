import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
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
const beforehand = standaloneCode(model, { language: 'wasm' });
const run = `createModel().run(${JSON.stringify(steps)}).flatMap((output) => Array.from(output))`;

/** The same with WebAssembly, which is given first. */
const runBeforehand = run.replace('createModel()', 'createBeforehand(compiled)');

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

/** The program of workerd. */
const workerd = process.env.RONDO_WORKERD;

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
    const pages: Readonly<Record<string, readonly [type: string, content: string | Uint8Array]>> = {
      '/': ['text/html', '<!doctype html><title>Rondo</title><script type="module" src="/page.js"></script>'],
      '/model.js': ['text/javascript', source],
      '/beforehand.js': ['text/javascript', beforehand.source],
      '/beforehand.wasm': ['application/wasm', beforehand.weights!],
      '/page.js': [
        'text/javascript',
        `import { createModel } from '/model.js';
import { createModel as createBeforehand } from '/beforehand.js';
globalThis.found = ${run};
const compiled = await WebAssembly.compileStreaming(fetch('/beforehand.wasm'));
globalThis.foundBeforehand = ${runBeforehand};`,
      ],
    };
    const server = createServer((request, response) => {
      const [type, text] = pages[request.url ?? ''] ?? ['text/plain', ''];
      response.setHeader('content-type', type);
      response.setHeader(
        'content-security-policy',
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'",
      );
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
      await page.waitForFunction('globalThis.foundBeforehand');
      requireClose(await page.evaluate('globalThis.foundBeforehand'));
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

  const noWorkerd = workerd === undefined ? ' (not run: set RONDO_WORKERD to its program)' : '';

  it.skipIf(workerd === undefined)(`runs in workerd, as WebAssembly too${noWorkerd}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rondo-workerd-'));
    const files: Readonly<Record<string, string | Uint8Array>> = {
      'model.js': source,
      'beforehand.js': beforehand.source,
      'beforehand.wasm': beforehand.weights!,
      'worker.js': `import { createModel } from './model.js';
import { createModel as createBeforehand } from './beforehand.js';
import compiled from './beforehand.wasm';
export default { fetch: () => Response.json([${run}, ${runBeforehand}]) };`,
      'config.capnp': `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);
const main :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "worker.js"),
    (name = "model.js", esModule = embed "model.js"),
    (name = "beforehand.js", esModule = embed "beforehand.js"),
    (name = "beforehand.wasm", wasm = embed "beforehand.wasm")
  ],
  compatibilityDate = "2025-01-01"
);`,
    };
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    const program = spawn(workerd!, ['serve', '--control-fd=1', join(folder, 'config.capnp')]);
    try {
      const port = await new Promise<number>((resolve, reject) => {
        program.stdout.on('data', (line: Buffer) => {
          const said = /"port":(\d+)/.exec(line.toString());
          if (said !== null) resolve(Number(said[1]));
        });
        program.once('exit', () => reject(new Error('workerd has ended')));
      });
      const found = (await (await fetch(`http://127.0.0.1:${port}/`)).json()) as unknown[];
      expect(found).toHaveLength(2);
      for (const numbers of found) requireClose(numbers);
    } finally {
      program.kill();
      rmSync(folder, { recursive: true });
    }
  });

  it('needs nothing of a host but its language', () => {
    expect(source).not.toMatch(/\b(require|process|Buffer|atob|eval|Function|WebAssembly)\b/);
  });
});
