import { maximumOf, minimumOf } from '../../extremes.js';

/** Holds back the end of a growing text where it may be the beginning of a text to stop at. */
export class StopTexts {
  #held = '';

  readonly #stops: readonly string[];

  constructor(stops: readonly string[]) {
    this.#stops = stops;
  }

  /** Adds text. @returns what may be shown, and whether a stop was reached, which is left out. */
  push(text: string): { free: string; isStopped: boolean } {
    this.#held += text;
    const ends = this.#stops.map((stop) => this.#held.indexOf(stop)).filter((place) => place >= 0);
    if (ends.length > 0) return { free: this.#held.slice(0, minimumOf(ends)), isStopped: true };
    const kept = maximumOf(
      this.#stops.map((stop) => overlap(this.#held, stop)),
      0,
    );
    const free = this.#held.slice(0, this.#held.length - kept);
    this.#held = this.#held.slice(free.length);
    return { free, isStopped: false };
  }

  /** What was held back, once nothing follows. */
  rest(): string {
    return this.#held;
  }
}

/** How many characters at the end of `text` are also the beginning of `stop`. */
function overlap(text: string, stop: string): number {
  for (let size = Math.min(text.length, stop.length - 1); size > 0; size--)
    if (stop.startsWith(text.slice(-size))) return size;
  return 0;
}
