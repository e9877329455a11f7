import { clipToWidth, displayWidth } from './display-width.js';
import { oneLine, printableLines } from './printable.js';

export interface Progress {
  /** What is being done, such as `epoch 2/10`. */
  label: string;
  /** Units done so far. */
  done: number;
  /** Units in all; without it there is no bar and no time left. */
  total?: number | undefined;
  /** What is counted, such as `tokens`. */
  unit: string;
  /**
   * Units that were done before the clock started, in a run that was resumed; 0 by default. They do not count for the
   * rate.
   */
  doneAtStart?: number | undefined;
  /** Numbers to show, such as the loss. */
  metrics?: Readonly<Record<string, number>> | undefined;
}

const barWidth = 20;

/**
 * One line about work that is going on:
 * `epoch 2/10  ██████████░░░░░░░░░░  50 %  1200/2400 tokens  410 tokens/s  0:03 left  loss 1.204`.
 * Hundred percent appears only when all is done. Where there are not so many `columns`, the bar goes first, then
 * counts, rate and time.
 */
export function formatProgress(
  progress: Progress & { elapsedMs: number; ascii?: boolean | undefined; columns?: number | undefined },
): string {
  const { columns = Infinity } = progress;
  const parts = progressParts(progress).filter(({ text }) => text !== '');
  const line = (): string => parts.map(({ text }) => text).join('  ');
  for (const kind of droppable) {
    if (displayWidth(line()) <= columns) break;
    const place = parts.findIndex((part) => part.kind === kind);
    if (place >= 0) parts.splice(place, 1);
  }
  return line();
}

/** What a narrow terminal can do without, the least important first. */
const droppable = ['bar', 'counts', 'rate', 'time'] as const;

interface ProgressPart {
  readonly kind?: (typeof droppable)[number] | undefined;
  readonly text: string;
}

function progressParts({
  label,
  done,
  total,
  unit,
  doneAtStart = 0,
  metrics = {},
  elapsedMs,
  ascii = false,
}: Progress & { elapsedMs: number; ascii?: boolean | undefined }): ProgressPart[] {
  const parts: ProgressPart[] = [{ text: oneLine(label) }];
  if (total === undefined) parts.push({ text: `${done} ${unit}` });
  else {
    const share = total > 0 ? Math.min(1, Math.max(0, done / total)) : 1;
    const filled = Math.floor(share * barWidth);
    const [full, rest] = ascii ? ['#', '-'] : ['█', '░'];
    parts.push({ kind: 'bar', text: full.repeat(filled) + rest.repeat(barWidth - filled) });
    parts.push(
      { text: `${String(Math.floor(share * 100)).padStart(3)} %` },
      { kind: 'counts', text: `${done}/${total} ${unit}` },
    );
  }
  const perMs = (done - doneAtStart) / elapsedMs;
  const hasRate = elapsedMs > 0 && done > doneAtStart;
  if (hasRate) parts.push({ kind: 'rate', text: `${formatRate(perMs * 1000)} ${unit}/s` });
  if (total !== undefined && done >= total) parts.push({ kind: 'time', text: `${formatDuration(elapsedMs)} in all` });
  else if (total !== undefined && hasRate)
    parts.push({ kind: 'time', text: `${formatDuration((total - done) / perMs)} left` });
  for (const [name, value] of Object.entries(metrics)) parts.push({ text: `${name} ${formatMetric(value)}` });
  return parts;
}

/** `0:07`, `12:30` or `3:05:00`; days stay hours. */
export function formatDuration(durationMs: number): string {
  const seconds = Math.round(durationMs / 1000);
  const pair = (value: number): string => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${pair(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${pair(minutes % 60)}:${pair(seconds % 60)}`;
}

function formatRate(perSecond: number): string {
  for (const [size, suffix] of [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const) {
    if (perSecond >= size) return `${Number((perSecond / size).toPrecision(3))}${suffix}`;
  }
  return String(Number(perSecond.toPrecision(3)));
}

function formatMetric(value: number): string {
  const magnitude = Math.abs(value);
  if (value === 0 || !Number.isFinite(value)) return String(value);
  return magnitude >= 1e5 || magnitude < 1e-3 ? value.toExponential(2) : value.toPrecision(4);
}

/** The part of a writable stream that is used; `process.stderr` is one. */
export interface TerminalStream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

export interface ProgressLineOptions {
  /** The clock in milliseconds; `performance.now` by default. */
  now?: (() => number) | undefined;
  /** Least time between two drawings on a terminal; 100 by default. */
  redrawMs?: number | undefined;
  /** Least time between two lines where the stream is no terminal (a file, a log); 10 000 by default. */
  lineMs?: number | undefined;
  ascii?: boolean | undefined;
}

/**
 * Shows progress on a stream: one line that is rewritten where the stream is a terminal, and a line now and then where
 * it is not. The last state is always shown by {@link finish}.
 */
export class ProgressLine {
  readonly #now: () => number;
  readonly #intervalMs: number;
  readonly #ascii: boolean;
  readonly #startMs: number;
  #lastWriteMs: number;
  #latest: string | undefined;
  #shown: string | undefined;

  readonly #stream: TerminalStream;

  constructor(stream: TerminalStream, options: ProgressLineOptions = {}) {
    this.#stream = stream;
    const { now = () => performance.now(), redrawMs = 100, lineMs = 10_000, ascii = false } = options;
    this.#now = now;
    this.#intervalMs = stream.isTTY ? redrawMs : lineMs;
    this.#ascii = ascii;
    this.#startMs = now();
    // A terminal shows the first state at once; a log gets no line before the first interval is over.
    this.#lastWriteMs = stream.isTTY ? -Infinity : this.#startMs;
  }

  /** Takes over a new state, and shows it when the last one has been standing long enough. */
  update(progress: Progress): void {
    const time = this.#now();
    const columns = this.#stream.isTTY ? (this.#stream.columns ?? 80) - 1 : undefined;
    this.#latest = formatProgress({ ...progress, elapsedMs: time - this.#startMs, ascii: this.#ascii, columns });
    if (time - this.#lastWriteMs < this.#intervalMs) return;
    this.#lastWriteMs = time;
    this.#show();
  }

  /** Writes a line of its own; the progress goes on below it. */
  note(note: string): void {
    const text = printableLines(note);
    if (!this.#stream.isTTY) {
      this.#stream.write(`${text}\n`);
      return;
    }
    this.#stream.write(`\r\x1b[K${text}\n`);
    if (this.#shown !== undefined) this.#show();
  }

  /** Shows the last state and ends the line. */
  finish(): void {
    if (this.#latest === undefined) return;
    if (this.#shown !== this.#latest) this.#show();
    if (this.#stream.isTTY) this.#stream.write('\n');
    this.#latest = undefined;
    this.#shown = undefined;
  }

  #show(): void {
    if (this.#latest === undefined) return;
    // A line as long as the terminal would wrap, and rewriting would then leave its first half behind.
    const line = this.#stream.isTTY ? clipToWidth(this.#latest, (this.#stream.columns ?? 80) - 1) : this.#latest;
    this.#stream.write(this.#stream.isTTY ? `\r${line}\x1b[K` : `${line}\n`);
    this.#shown = this.#latest;
  }
}
