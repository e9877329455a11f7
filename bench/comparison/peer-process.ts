import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { TrainingRun } from '../quality/quality-task.js';

/** A question to a peer: one line of JSON. */
export type PeerRequest =
  | { readonly request: 'describe' }
  | { readonly request: 'prepare'; readonly case: object; readonly directory: string }
  | { readonly request: 'measure'; readonly variant: string; readonly repeats: number }
  | { readonly request: 'build'; readonly task: string; readonly dataFile: string; readonly seed: number }
  | { readonly request: 'train' }
  | { readonly request: 'close' };

/** A peer's answer to `describe`. */
export interface Description {
  readonly versions: string;
}

/** A peer's answer to `prepare`. */
export interface Preparation {
  /** In the shared directory: the float32 output before training, or of three streaming steps. */
  readonly outputFile: string;
  /** By variant: the losses of the first training steps. */
  readonly losses: Readonly<Record<string, readonly number[]>>;
  /** The ways in which the peer can run the case. */
  readonly variants: readonly string[];
}

/** A peer's answer to `measure`. */
export interface Measurement {
  readonly elapsedMs: readonly number[];
  /** Processor time of all the process's threads, and the time that passed. */
  readonly cpuMs: number;
  readonly wallMs: number;
}

/** A peer's answer to `build`. */
export interface TraineeFacts {
  readonly numParameters: number;
  readonly initialLoss: number;
}

/** A peer's answer to `train`, which trains what was built. */
export interface TrainingFacts extends TrainingRun {
  readonly scores: Readonly<Record<string, number>>;
}

/** Why a peer cannot do what it was asked, in words for the report. */
export class PeerRefusal extends Error {}

/** How a peer is started. */
export interface PeerCommand {
  /** As it appears in reports. */
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly numThreads: number;
  /** An answer that takes longer ends the process. */
  readonly timeoutMs: number;
}

/** How every peer, Rondo among them, is told its number of threads: many read it before they load their library. */
export const THREADS_VARIABLE = 'RONDO_BENCH_THREADS';

/**
 * A library in a process of its own that stays alive, so that it is warmed up once and timed many times. A process that
 * ends or gives no answer in time is replaced by a new one at the next case.
 */
export class PeerProcess {
  readonly name: string;
  #running: Running | undefined;

  /** Why no new process is started: the library is not installed. */
  #missing = '';

  readonly #command: PeerCommand;

  constructor(command: PeerCommand) {
    this.#command = command;
    this.name = command.name;
  }

  describe(): Promise<Description> {
    return this.#ask<Description>({ request: 'describe' });
  }

  prepare(benchCase: object, directory: string): Promise<Preparation> {
    return this.#ask<Preparation>({ request: 'prepare', case: benchCase, directory });
  }

  /** @throws PeerRefusal also where the process that prepared the case has ended. */
  async measure(variant: string, repeats: number): Promise<Measurement> {
    if (this.#running === undefined) throw new PeerRefusal('its process has ended');
    return this.#ask<Measurement>({ request: 'measure', variant, repeats });
  }

  build(task: string, dataFile: string, seed: number): Promise<TraineeFacts> {
    return this.#ask<TraineeFacts>({ request: 'build', task, dataFile, seed });
  }

  train(): Promise<TrainingFacts> {
    return this.#ask<TrainingFacts>({ request: 'train' });
  }

  /** Ends the process; the next question starts another. */
  close(): void {
    this.#running?.close();
    this.#running = undefined;
  }

  /** @throws PeerRefusal where the peer is missing, does not support the case, fails, or takes too long. */
  async #ask<Answer extends object>(request: PeerRequest): Promise<Answer> {
    if (this.#missing !== '') throw new PeerRefusal(this.#missing);
    this.#running ??= new Running(this.#command);
    let answer: Record<string, unknown>;
    try {
      answer = await this.#running.ask(request);
    } catch (reason) {
      this.#running = undefined;
      throw reason;
    }
    const { missing, unsupported, error } = answer;
    if (typeof missing === 'string') this.#missing = missing;
    const reason = [missing, unsupported, error].find((text) => typeof text === 'string');
    if (typeof reason === 'string') throw new PeerRefusal(shortened(reason));
    return answer as Answer;
  }
}

/** One line that fits a table. */
function shortened(reason: string): string {
  const line = reason.replace(/\s+/g, ' ').replaceAll('|', '/').trim();
  return line.length > 240 ? `${line.slice(0, 240)} ...` : line;
}

/** One process of a peer, until it ends. */
class Running {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #timeoutMs: number;
  readonly #whenEnded: Promise<string>;

  constructor({ program, args, numThreads, timeoutMs }: PeerCommand) {
    this.#timeoutMs = timeoutMs;
    this.#child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, [THREADS_VARIABLE]: String(numThreads) },
    });
    this.#answers = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
    let complaints = '';
    this.#child
      .stderr!.setEncoding('utf8')
      .on('data', (text: string) => (complaints = (complaints + text).slice(-600)));
    this.#whenEnded = new Promise((resolve) => {
      this.#child.on('error', (cause) => resolve(cause.message));
      this.#child.on('close', (code, signal) =>
        resolve(`its process ended with ${signal ?? `code ${code}`}: ${complaints.trim().split('\n').at(-1) ?? ''}`),
      );
    });
    // Writing to a process that has ended: reading says why it did.
    this.#child.stdin!.on('error', () => undefined);
  }

  /** @throws PeerRefusal where the process ends instead, or is ended because it takes too long. */
  async ask(request: PeerRequest): Promise<Record<string, unknown>> {
    this.#child.stdin!.write(`${JSON.stringify(request)}\n`);
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.#child.kill('SIGKILL');
    }, this.#timeoutMs);
    const { value, done } = await this.#answers.next();
    clearTimeout(timer);
    if (isLate)
      throw new PeerRefusal(`gave no answer to \`${request.request}\` in ${Math.round(this.#timeoutMs / 1000)} s`);
    if (done === true) throw new PeerRefusal(await this.#whenEnded);
    return JSON.parse(value as string) as Record<string, unknown>;
  }

  close(): void {
    this.#child.stdin!.end(`${JSON.stringify({ request: 'close' })}\n`);
  }
}
