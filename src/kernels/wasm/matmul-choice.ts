import { RondoError } from '../../errors.js';
import { i32, instantiate, ModuleBuilder } from './assembler.js';
import { hasRelaxedSimd } from './features.js';
import { type TileFamily, tileFamilies, writeTile } from './matmul-tiles.js';

/** How the tile family of a process was chosen. */
export interface TileChoice {
  readonly family: TileFamily;
  /** What each family reached; 0 where it computed wrong numbers. */
  readonly measured: readonly { readonly name: string; readonly gigaflops: number }[];
  readonly elapsedMs: number;
}

export interface TileOptions {
  /** Only families whose results are the same on every processor. */
  deterministic: boolean;
}

/** A family must be this much faster than the first one to displace it, because measurements are noisy. */
const leastAdvantage = 1.04;
/** A run lasts at least this many ticks of the clock; browsers make the clock coarse. */
const leastTicks = 8;
const fewestTimes = 4;
/**
 * V8 compiles well only what it has seen running, in the background. A jump of this much since the first run means that
 * the optimizing compiler has been there; before that no family can be judged, so the probe waits for each of them, as
 * long as a compiler with a core of its own needs. On a busy machine that is much longer than what the probe computes.
 */
const leastJump = 1.5;
const mostTimes = 2000;
const mostElapsedMs = 150;
/**
 * Once all are optimized: how long the fastest run of each is looked for. Interruptions make runs slower, never faster.
 */
const settledMs = 3;

const chosen = new Map<string, TileChoice>();

function familiesFor({ deterministic }: TileOptions): readonly TileFamily[] {
  const madd = deterministic || !hasRelaxedSimd() ? 'plain' : 'relaxed';
  return tileFamilies.filter((family) => family.madd === madd);
}

/** The family to begin with, before it is known which is the fastest. */
export function standardTiles(options: TileOptions): TileFamily {
  return familiesFor(options)[0];
}

/** The fastest tile family here that computes right numbers; measured once per process and options. */
export function chooseTiles(options: TileOptions): TileChoice {
  const families = familiesFor(options);
  const [{ madd }] = families;
  let choice = chosen.get(madd);
  if (choice === undefined) chosen.set(madd, (choice = measure(families)));
  return choice;
}

const depth = 192;
const numPanels = 8;
const address = { a: 1024, b: 1 << 16, c: 1 << 17 };

interface Candidate {
  readonly family: TileFamily;
  readonly run: (times: number) => void;
  /** What was reached before the optimizing compiler, and the most since. */
  first: number;
  best: number;
}

const isOptimized = ({ first, best }: Candidate): boolean => best > leastJump * first;

/** Runs the candidates in turn, so that whatever else the machine does meets all of them alike. */
function runInTurn(candidates: readonly Candidate[], times: number): void {
  const started = performance.now();
  for (const candidate of candidates) {
    // The first call compiles. A fine clock can time one run, which is too short to set the optimizing compiler off.
    candidate.run(1);
    candidate.first = gigaflopsOf(candidate, times > fewestTimes ? times : 1);
  }
  // Families are alike before that compiler; one much slower than the others was interrupted.
  const usual = candidates.map(({ first }) => first).sort((a, b) => a - b)[candidates.length >> 1];
  for (const candidate of candidates) candidate.first = Math.max(candidate.first, usual);
  let lastProgress = performance.now();
  for (
    let now = lastProgress, done = 0;
    now - started < mostElapsedMs && done < mostTimes && now - lastProgress < settledMs;
    now = performance.now()
  ) {
    for (const candidate of candidates) {
      const speed = gigaflopsOf(candidate, times);
      if (speed > 1.05 * candidate.best) lastProgress = performance.now();
      candidate.best = Math.max(candidate.best, speed);
    }
    if (!candidates.every(isOptimized)) {
      lastProgress = performance.now();
      done += times;
    }
  }
}

function measure(families: readonly TileFamily[]): TileChoice {
  const memory = new WebAssembly.Memory({ initial: 3 });
  const functions = instantiate(probeModule(families), memory);
  const candidates = families.map(
    (family): Candidate => ({ family, run: functions[`run_${family.name}`], first: 0, best: 0 }),
  );
  const times = Math.max(fewestTimes, Math.ceil((leastTicks * clockTickMs()) / 0.002));
  const started = performance.now();
  runInTurn(candidates, times);
  const measured = candidates.map((candidate) => {
    const isRight = computesRight(candidate, memory);
    // Where the machine had no time for this process, there were first runs alone.
    return {
      candidate,
      isRight,
      name: candidate.family.name,
      gigaflops: isRight ? Math.max(candidate.first, candidate.best) : 0,
    };
  });
  const [standard, ...others] = measured.filter(({ isRight }) => isRight);
  if (standard === undefined) {
    throw new RondoError('BACKEND_UNAVAILABLE', {
      where: 'wasm backend',
      what: 'the matrix kernels compute wrong numbers here.',
      received: families.map(({ name }) => name).join(', '),
      fix: 'update the host, or start it without experimental WebAssembly flags.',
    });
  }
  const best = others.reduce((fastest, other) => (other.gigaflops > fastest.gigaflops ? other : fastest), standard);
  const areOptimized = [standard, best].every(({ candidate }) => isOptimized(candidate));
  const needed = leastAdvantage + (times > fewestTimes ? 1 / leastTicks : 0);
  const family =
    areOptimized && best.gigaflops > needed * standard.gigaflops ? best.candidate.family : standard.candidate.family;
  return {
    family,
    measured: measured.map(({ name, gigaflops }) => ({ name, gigaflops })),
    elapsedMs: performance.now() - started,
  };
}

/** By family one function that runs its full tile, `times` over `numPanels` panels of a. */
function probeModule(families: readonly TileFamily[]): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  for (const family of families) {
    const { rows, columns, name } = family;
    const tile = writeTile(module, family, rows, 'columns');
    module.func(`run_${name}`, { params: ['i32'] }, (f, times) => {
      const panel = f.local('i32');
      f.while(times, () => {
        f.for(panel, 0, numPanels, 1, () => {
          const a = i32.add(address.a, i32.mul(panel, 4 * rows * depth));
          const c = i32.add(address.c, i32.mul(panel, 4 * rows * columns));
          f.call(tile, depth, a, 4 * rows, address.b, 4 * columns, c, 4 * columns, 0);
        });
        f.set(times, i32.sub(times, 1));
      });
    });
  }
  return module.toBytes();
}

/**
 * The smallest step of the clock, at most a millisecond. The first readings are slow, so the smallest of several
 * counts.
 */
function clockTickMs(): number {
  let tick = 1;
  for (let turn = 0; turn < 8; turn++) {
    const started = performance.now();
    let now = started;
    for (let i = 0; i < 100_000 && now === started; i++) now = performance.now();
    if (now > started) tick = Math.min(tick, now - started);
  }
  return tick;
}

/** One run of about 2 us a time, once optimized. */
function gigaflopsOf({ family: { rows, columns }, run }: Candidate, times: number): number {
  const started = performance.now();
  run(times);
  const elapsedMs = performance.now() - started;
  return elapsedMs === 0 ? 0 : (2 * rows * columns * depth * numPanels * times) / elapsedMs / 1e6;
}

/** Compares the optimized code's numbers with float64. */
function computesRight({ family: { rows, columns }, run }: Candidate, memory: WebAssembly.Memory): boolean {
  const floats = new Float32Array(memory.buffer);
  const [a, b, c] = [address.a, address.b, address.c].map((bytes) => bytes / 4);
  for (let i = 0; i < numPanels * rows * depth; i++) floats[a + i] = ((i * 37) % 101) / 50 - 1;
  for (let i = 0; i < columns * depth; i++) floats[b + i] = ((i * 53) % 97) / 48 - 1;
  run(1);
  for (let row = 0; row < numPanels * rows; row++) {
    const panel = Math.floor(row / rows);
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      let magnitude = 0;
      for (let p = 0; p < depth; p++) {
        const product = floats[a + panel * rows * depth + p * rows + (row % rows)] * floats[b + p * columns + column];
        sum += product;
        magnitude += Math.abs(product);
      }
      const error = Math.abs(floats[c + row * columns + column] - sum);
      if (!(error <= (depth + 2) * 2 ** -24 * magnitude)) return false;
    }
  }
  return true;
}
