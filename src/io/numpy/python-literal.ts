/** What a literal of Python stands for; tuples and lists are arrays, a dictionary is a Map. */
export type PythonLiteral =
  | string
  | number
  | boolean
  | null
  | readonly PythonLiteral[]
  | ReadonlyMap<string, PythonLiteral>;

/** Deeper than the header of any array. */
const deepest = 8;

/**
 * The value of a Python literal made of dictionaries with text keys, tuples, lists, texts without escapes, whole numbers,
 * True, False and None. Nothing is evaluated.
 *
 * @throws SyntaxError, saying what was found and at which character
 */
export function parsePythonLiteral(text: string): PythonLiteral {
  const parser = new LiteralParser(text);
  const value = parser.value(0);
  parser.end();
  return value;
}

class LiteralParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): PythonLiteral {
    if (depth > deepest) throw this.#fault(`more than ${deepest} levels`);
    this.#skipSpace();
    const first = this.#text[this.#at];
    if (first === '{') return this.#dictionary(depth);
    if (first === '(') return this.#sequence(')', depth);
    if (first === '[') return this.#sequence(']', depth);
    if (first === "'" || first === '"') return this.#string();
    const word = /[\w.+-]*/y;
    word.lastIndex = this.#at;
    const found = word.exec(this.#text)![0];
    const value = wordValue(found);
    if (value === undefined) throw this.#fault(found === '' ? 'no value' : `\`${found.slice(0, 40)}\``);
    this.#at += found.length;
    return value;
  }

  end(): void {
    this.#skipSpace();
    if (this.#at < this.#text.length) throw this.#fault('more text behind the value');
  }

  #dictionary(depth: number): ReadonlyMap<string, PythonLiteral> {
    const entries = new Map<string, PythonLiteral>();
    this.#at++;
    while (!this.#takes('}')) {
      this.#skipSpace();
      if (!/['"]/.test(this.#text[this.#at] ?? '')) throw this.#fault('a key that is no text');
      const key = this.#string();
      if (entries.has(key)) throw this.#fault(`the key \`${key.slice(0, 40)}\` twice`);
      if (!this.#takes(':')) throw this.#fault('a key without a value');
      entries.set(key, this.value(depth + 1));
      if (this.#takes(',')) continue;
      if (!this.#takes('}')) throw this.#fault('a dictionary without an end');
      break;
    }
    return entries;
  }

  /** `(3)` is the number 3, and a tuple only with a comma; headers of arrays never write the former. */
  #sequence(close: string, depth: number): readonly PythonLiteral[] {
    const items: PythonLiteral[] = [];
    this.#at++;
    while (!this.#takes(close)) {
      items.push(this.value(depth + 1));
      if (this.#takes(',')) continue;
      if (!this.#takes(close)) throw this.#fault('a sequence without an end');
      if (close === ')' && items.length === 1) throw this.#fault('a value in brackets, which is no tuple');
      break;
    }
    return items;
  }

  #string(): string {
    const quote = this.#text[this.#at];
    const end = this.#text.indexOf(quote, this.#at + 1);
    if (end < 0) throw this.#fault('a text without an end');
    const content = this.#text.slice(this.#at + 1, end);
    if (/[\\\n]/.test(content)) throw this.#fault('a text with escapes');
    this.#at = end + 1;
    return content;
  }

  #takes(mark: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] !== mark) return false;
    this.#at++;
    return true;
  }

  #skipSpace(): void {
    while (this.#at < this.#text.length && ' \t\n\r'.includes(this.#text[this.#at])) this.#at++;
  }

  #fault(what: string): SyntaxError {
    return new SyntaxError(`${what} at character ${this.#at}`);
  }
}

/** Python 2 wrote long numbers with an L. */
function wordValue(word: string): PythonLiteral | undefined {
  if (word === 'True') return true;
  if (word === 'False') return false;
  if (word === 'None') return null;
  return /^-?\d{1,20}L?$/.test(word) ? Number(word.replace('L', '')) : undefined;
}
