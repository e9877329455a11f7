import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A question to a peer: one line of JSON. */
export type PeerRequest =
  | { readonly request: 'describe' }
  | { readonly request: 'prepare'; readonly case: object; readonly directory: string }
  | { readonly request: 'measure'; readonly variant: string; readonly repeats: number }
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

/** Why a peer cannot do what it was asked, in words for the report. */
export class PeerRefusal extends Error {}

/** How a peer is started. */
export interface PeerCommand {
  /** As it appears in reports. */
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
}

/** A library in a process of its own that stays alive, so that it is warmed up once and timed many times. */
export class PeerProcess {
  readonly name: string;
  private readonly child: ChildProcess;
  private readonly answers: AsyncIterator<string>;
  /** Why there will be no more answers. */
  private ended = '';
  private readonly whenEnded: Promise<void>;

  constructor({ name, program, args }: PeerCommand) {
    this.name = name;
    this.child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.answers = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();
    let complaints = '';
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => (complaints = (complaints + text).slice(-600)));
    this.whenEnded = new Promise((resolve) => {
      this.child.on('error', (cause) => {
        this.ended ||= cause.message;
        resolve();
      });
      this.child.on('close', (code) => {
        this.ended ||= `its process ended with code ${code}: ${complaints.trim().split('\n').at(-1) ?? ''}`;
        resolve();
      });
    });
    // Writing to a process that has ended: reading says why it did.
    this.child.stdin!.on('error', () => undefined);
  }

  describe(): Promise<Description> {
    return this.ask<Description>({ request: 'describe' });
  }

  prepare(benchCase: object, directory: string): Promise<Preparation> {
    return this.ask<Preparation>({ request: 'prepare', case: benchCase, directory });
  }

  measure(variant: string, repeats: number): Promise<Measurement> {
    return this.ask<Measurement>({ request: 'measure', variant, repeats });
  }

  close(): void {
    if (this.ended === '') this.child.stdin!.end(`${JSON.stringify({ request: 'close' })}\n`);
  }

  /** @throws PeerRefusal where the peer is missing, does not support the case, or fails. */
  private async ask<Answer extends object>(request: PeerRequest): Promise<Answer> {
    this.child.stdin!.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.answers.next();
    if (done === true) {
      await this.whenEnded;
      throw new PeerRefusal(this.ended);
    }
    const answer = JSON.parse(value) as Record<string, unknown>;
    const { missing, unsupported, error } = answer;
    if (typeof missing === 'string') this.ended = missing;
    const reason = [missing, unsupported, error].find((text) => typeof text === 'string');
    if (typeof reason === 'string') throw new PeerRefusal(reason);
    return answer as Answer;
  }
}
