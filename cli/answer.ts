import { print, printJson, say, writeText } from './output.js';

/** What a command has found. */
export interface Answer {
  /** For programs: the JSON document. */
  readonly facts: object;
  /** For people: parts, an empty line between them; or a text that is itself the answer and is written as it is. */
  readonly sections: readonly string[] | { readonly text: string };
  /** For people, on the standard error. */
  readonly notes?: readonly string[] | undefined;
}

/** An answer that ends in a judgement. */
export interface Report extends Answer {
  readonly sections: readonly string[];
  /** The last line, where the model should not be used as it is: that it does not beat a baseline. */
  readonly verdict: string | undefined;
}

export function showAnswer({ facts, sections, notes = [] }: Answer, json: boolean): void {
  if (json) {
    printJson(facts);
    return;
  }
  for (const note of notes) say(note);
  if ('text' in sections) writeText(sections.text);
  else print(sections.join('\n\n'));
}

export function showReport({ facts, sections, notes, verdict }: Report, json: boolean): void {
  const all = verdict === undefined ? sections : [...sections, verdict];
  showAnswer({ facts: { ...facts, verdict: verdict ?? null }, sections: all, notes }, json);
}
