import {
  childrenOf,
  type Expression,
  isRowValued,
  type Leaf,
  type RowReduction,
  topologicalOrder,
} from '../expression/build.js';
import type { PointwiseProgram, ProgramOutput } from '../expression/program.js';
import type { Language } from './language.js';

/** The names of what a pointwise program reads and writes, as parameters of its function. */
export interface PointwiseNames {
  readonly inputs: ReadonlyMap<string, string>;
  readonly outputs: ReadonlyMap<string, string>;
  readonly scalars: ReadonlyMap<string, string>;
}

const reserved = [
  'rows',
  'columns',
  'row',
  'j',
  'n',
  't',
  'length',
  'float',
  'int',
  'const',
  'let',
  'double',
  'static',
];

/** A name for each array and number, which no other name of the function begins with. */
export function pointwiseNames({ inputs, outputs, scalars }: PointwiseProgram): PointwiseNames {
  const taken = new Set(reserved);
  const named = (names: readonly string[], prefix: string): ReadonlyMap<string, string> =>
    new Map(
      names.map((name) => {
        const plain = `${prefix}${name.replace(/[^A-Za-z0-9]+/g, '_')}`;
        let own = plain;
        for (let i = 2; taken.has(own); i++) own = `${plain}_${i}`;
        taken.add(own);
        return [name, own];
      }),
    );
  return {
    scalars: named(scalars, 'by_'),
    inputs: named(
      inputs.map(({ name }) => name),
      'of_',
    ),
    outputs: named(
      outputs.map(({ name }) => name),
      'to_',
    ),
  };
}

/**
 * The body of a function that runs a pointwise program: loops over rows and columns, the equations in them.
 *
 * @param isOneRow whether it is called for one row alone.
 */
export function pointwiseBody(
  program: PointwiseProgram,
  names: PointwiseNames,
  isOneRow: boolean,
  language: Language,
): string[] {
  return new Body(program, names, isOneRow, language).lines();
}

class Body {
  readonly #program: PointwiseProgram;
  readonly #names: PointwiseNames;
  readonly #isOneRow: boolean;
  readonly #language: Language;
  readonly #access: ReadonlyMap<string, Leaf['access']>;
  /** What is computed once a row, by the name it has then. */
  readonly #rowValues = new Map<Expression, string>();
  #numNames = 0;

  constructor(program: PointwiseProgram, names: PointwiseNames, isOneRow: boolean, language: Language) {
    this.#program = program;
    this.#names = names;
    this.#isOneRow = isOneRow;
    this.#language = language;
    this.#access = new Map(program.inputs.map(({ name, access }) => [name, access]));
  }

  lines(): string[] {
    const { outputs } = this.#program;
    const row = [...this.#rowLines(), ...this.#perRowLines(), ...this.#columnLines()];
    const cleared = outputs.flatMap((output) => this.#cleared(output));
    return [...cleared, ...(this.#isOneRow ? row : this.#language.loop('row', 'rows', row))];
  }

  /** Sums begin at 0. */
  #cleared({ name, reduce, accumulate }: ProgramOutput): string[] {
    if (accumulate || reduce === 'none' || reduce === 'perRow') return [];
    const to = this.#names.outputs.get(name)!;
    const zero = this.#language.number(0);
    if (reduce === 'all') return [`${this.#language.element(to, [])} = ${zero};`];
    if (reduce === 'rows')
      return this.#language.loop('j', 'columns', [`${this.#language.element(to, ['j'])} = ${zero};`]);
    const line = `${this.#language.element(to, this.#rowPlace(to))} = ${zero};`;
    return this.#isOneRow ? [line] : this.#language.loop('row', 'rows', [line]);
  }

  #rowLines(): string[] {
    const order = topologicalOrder(this.#program.outputs.map(({ expression }) => expression));
    return order.flatMap((node) => {
      if (node.kind === 'constant' || node.kind === 'leaf' || !isRowValued(node)) return [];
      const name = this.#freshName('r');
      const lines = node.kind === 'reduction' ? this.#reduction(node, name) : this.#oneValue(node, name);
      this.#rowValues.set(node, name);
      return lines;
    });
  }

  #oneValue(node: Expression, name: string): string[] {
    const { lines, texts } = this.#values([node]);
    return [...lines, this.#language.declare(name, texts[0])];
  }

  #reduction({ operation, a }: RowReduction, name: string): string[] {
    const language = this.#language;
    if (operation === 'rowSum' && a.kind === 'constant')
      return [language.declare(name, `${language.number(a.value)} * columns`)];
    const { lines, texts } = this.#values([a]);
    const next = operation === 'rowSum' ? `${name} + ${texts[0]}` : language.binary('max', name, texts[0]);
    const start = language.number(operation === 'rowSum' ? 0 : -Infinity);
    return [language.variable(name, start), ...language.loop('j', 'columns', [...lines, `${name} = ${next};`])];
  }

  #perRowLines(): string[] {
    return this.#program.outputs.flatMap(({ name, expression, reduce, accumulate }) => {
      if (reduce !== 'perRow') return [];
      const { lines, texts } = this.#values([expression]);
      const to = this.#names.outputs.get(name)!;
      return [...lines, this.#stored(to, this.#rowPlace(to), texts[0], accumulate)];
    });
  }

  #columnLines(): string[] {
    const outputs = this.#program.outputs.filter(({ reduce }) => reduce !== 'perRow');
    if (outputs.length === 0) return [];
    const { lines, texts } = this.#values(outputs.map(({ expression }) => expression));
    const declared: string[] = [];
    // An output may lie over an input: all values are there before one is stored.
    const values = texts.map((text) => {
      if (outputs.length === 1) return text;
      const name = this.#freshName('v');
      declared.push(this.#language.declare(name, text));
      return name;
    });
    const stores = outputs.map(({ name, reduce, accumulate }, i) => {
      const to = this.#names.outputs.get(name)!;
      if (reduce === 'none') return this.#stored(to, [...this.#rowPlace(to), 'j'], values[i], accumulate);
      const place = reduce === 'rows' ? ['j'] : reduce === 'columns' ? this.#rowPlace(to) : [];
      return this.#stored(to, place, values[i], true);
    });
    return this.#language.loop('j', 'columns', [...lines, ...declared, ...stores]);
  }

  #stored(to: string, place: readonly string[], value: string, accumulate: boolean): string {
    const element = this.#language.element(to, place);
    return `${element} = ${accumulate ? `${element} + ${value}` : withoutParentheses(value)};`;
  }

  #rowPlace(name: string): string[] {
    return this.#isOneRow ? [] : [`row * ${name}Stride`];
  }

  /** Expressions as texts; what is used more than once has a name. */
  #values(roots: readonly Expression[]): { lines: string[]; texts: string[] } {
    const uses = new Map<Expression, number>();
    const count = (node: Expression): void => {
      uses.set(node, (uses.get(node) ?? 0) + 1);
      if (uses.get(node) === 1 && !this.#rowValues.has(node)) for (const child of childrenOf(node)) count(child);
    };
    for (const root of roots) count(root);
    const lines: string[] = [];
    const known = new Map<Expression, string>(this.#rowValues);
    const textOf = (node: Expression): string => {
      const before = known.get(node);
      if (before !== undefined) return before;
      const text = this.#text(node, textOf);
      const isPlain = node.kind === 'constant' || (node.kind === 'leaf' && node.access === 'scalar');
      if (isPlain || uses.get(node) === 1) return text;
      const name = this.#freshName('v');
      lines.push(this.#language.declare(name, withoutParentheses(text)));
      known.set(node, name);
      return name;
    };
    return { texts: roots.map(textOf), lines };
  }

  #text(node: Expression, textOf: (node: Expression) => string): string {
    const language = this.#language;
    switch (node.kind) {
      case 'constant':
        return language.number(node.value);
      case 'leaf':
        return this.#leaf(node.name);
      case 'unary':
        return language.unary(node.operation, textOf(node.a));
      case 'binary':
        return language.binary(node.operation, textOf(node.a), textOf(node.b));
      case 'select': {
        const condition = textOf(node.condition);
        return `(${condition} != ${language.number(0)} ? ${textOf(node.a)} : ${textOf(node.b)})`;
      }
      case 'reduction':
        throw new TypeError('a reduction is computed before its row');
    }
  }

  #leaf(name: string): string {
    const scalar = this.#names.scalars.get(name);
    if (scalar !== undefined) return scalar;
    const of = this.#names.inputs.get(name)!;
    const access = this.#access.get(name);
    if (access === 'column') return this.#language.element(of, ['j']);
    return this.#language.element(of, access === 'row' ? this.#rowPlace(of) : [...this.#rowPlace(of), 'j']);
  }

  #freshName(prefix: string): string {
    this.#numNames++;
    return `${prefix}${this.#numNames}`;
  }
}

/** Without the parentheses around the whole. */
function withoutParentheses(text: string): string {
  if (!text.startsWith('(') || !text.endsWith(')')) return text;
  let depth = 0;
  for (let i = 0; i < text.length - 1; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')') depth--;
    if (depth === 0) return text;
  }
  return text.slice(1, -1);
}
