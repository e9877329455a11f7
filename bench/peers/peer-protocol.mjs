/**
 * What the peers in JavaScript share: answering the requests of bench/compare.ts, one JSON request a line on standard input,
 * one JSON answer a line on standard output. peer_protocol.py describes requests and answers.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export const numThreads = Number(process.env.RONDO_BENCH_THREADS ?? 1);

/** The case has no counterpart in the library. */
export class Unsupported extends Error {}

// Answers alone go to standard output; libraries print to the console.
for (const method of ['log', 'info', 'warn']) console[method] = console.error;

const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

/** Loads a library; where it is not installed, says so and ends. */
export async function loadOrLeave(load) {
  try {
    return await load();
  } catch (cause) {
    if (!['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'].includes(cause.code)) throw cause;
    answer({
      missing: `the package is not installed: ${cause.message.split('\n')[0]} (npm install --prefix bench/peers)`,
    });
    process.exit(0);
  }
}

/** The arrays of a case: `{ name, shape, values }`, values float32. */
export function readArrays(directory) {
  const listed = JSON.parse(readFileSync(join(directory, 'arrays.json'), 'utf8'));
  const bytes = readFileSync(join(directory, 'arrays.bin'));
  const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  return listed.map(({ name, shape, offset, size }) => ({ name, shape, values: values.slice(offset, offset + size) }));
}

export const arrayNamed = (arrays, wanted) => arrays.find(({ name }) => name === wanted);

export const weightsOf = (arrays) => arrays.filter(({ name }) => name.startsWith('weight'));

export const isStreaming = ({ mode, timesteps }) => mode === 'infer' && timesteps === 1;

/** Sets what stands behind the end of each sequence of `[batch, time, columns]` to 0. @returns the same values */
export function clearPadding(values, [batch, timesteps], lengths) {
  const columns = values.length / (batch * timesteps);
  for (let b = 0; b < batch; b++) values.fill(0, (b * timesteps + lengths[b]) * columns, (b + 1) * timesteps * columns);
  return values;
}

/** `[first, second, ...]` to `[second, first, ...]`. */
export function swapFirstAxes(values, first, second) {
  const columns = values.length / (first * second);
  const result = new Float32Array(values.length);
  for (let i = 0; i < first; i++)
    for (let j = 0; j < second; j++)
      result.set(
        values.subarray((i * second + j) * columns, (i * second + j + 1) * columns),
        (j * first + i) * columns,
      );
  return result;
}

/** Writes the outputs one after the other. @returns the name of the file */
export function writeOutput(directory, name, outputs) {
  writeFileSync(
    join(directory, name),
    Buffer.concat(outputs.map((values) => Buffer.from(values.buffer, values.byteOffset, values.byteLength))),
  );
  return name;
}

async function measure(run, repeats) {
  const elapsedMs = [];
  const cpuBefore = process.cpuUsage();
  const wallBefore = performance.now();
  for (let i = 0; i < repeats; i++) {
    const before = performance.now();
    await run();
    elapsedMs.push(performance.now() - before);
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  return { elapsedMs, cpuMs: (user + system) / 1000, wallMs: performance.now() - wallBefore };
}

/**
 * Answers requests until the end.
 *
 * @param versions text for the report.
 * @param prepare `(case, directory)` to `{ outputFile, losses, variants }`, variants being functions by name.
 */
export async function serve(versions, prepare) {
  let variants = {};
  const respond = async (request) => {
    switch (request.request) {
      case 'describe':
        return { versions: `${versions}, Node ${process.versions.node}` };
      case 'prepare': {
        const prepared = await prepare(request.case, request.directory);
        variants = prepared.variants;
        return { ...prepared, variants: Object.keys(variants) };
      }
      case 'measure':
        return measure(variants[request.variant], request.repeats);
      default:
        return { error: `unknown request ${request.request}` };
    }
  };
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    if (request.request === 'close') break;
    try {
      answer(await respond(request));
    } catch (cause) {
      answer(cause instanceof Unsupported ? { unsupported: cause.message } : { error: String(cause) });
    }
  }
  process.exit(0);
}
