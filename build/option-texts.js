/**
 * What an option of a task is for stands in the comment above its entry in a table of options, and nowhere else. This writes it where two
 * readers need it, as a part of `npm run build`: cli/option-texts.json, from which the command line makes its help, and the declarations in
 * dist/src, where TypeScript leaves out the comments of entries from another file.
 *
 *   node build/option-texts.js FILE.ts    prints the texts of the tables that a file exports
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));
const entry = resolve(root, process.argv[2] ?? 'src/index.ts');
const { config } = ts.readConfigFile(resolve(root, 'tsconfig.json'), ts.sys.readFile);
const program = ts.createProgram([entry], ts.parseJsonConfigFileContent(config, ts.sys, root).options);
const checker = program.getTypeChecker();

/** Declarations such as `const options = optionTable({ ... })`. */
const isTable = (node) =>
  node !== undefined && ts.isVariableDeclaration(node) && /^optionTable\(/.test(node.initializer?.getText() ?? '');

const tables = checker
  .getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(entry)))
  .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol).valueDeclaration)
  .filter(isTable);

/** The comment above each entry, in one line. */
function commentsOf(table) {
  const entries = checker.getTypeAtLocation(table).getProperties();
  const written = (one) => ts.displayPartsToString(one.getDocumentationComment(checker)).replace(/\s+/g, ' ');
  return Object.fromEntries(entries.map((one) => [one.name, written(one)]));
}

/** Without the sentences that are for readers of code: those with a link. */
function textOf(comment) {
  return comment
    .split(/(?<=\.) (?=[A-Z`])/)
    .filter((sentence) => !sentence.includes('{@link'))
    .join(' ');
}

function completeDeclarations(table) {
  const path = resolve(root, 'dist', relative(root, table.getSourceFile().fileName).replace(/\.ts$/, '.d.ts'));
  const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const comments = commentsOf(table);
  const declared = file.statements.filter(ts.isVariableStatement).flatMap((one) => one.declarationList.declarations);
  const { members } = declared.find(({ name }) => name.text === table.name.text).type;
  const text = members
    .filter((member) => ts.getJSDocCommentsAndTags(member).length === 0)
    .reduceRight((rest, member) => {
      const at = member.getStart();
      return `${rest.slice(0, at)}/** ${comments[member.name.text]} */\n    ${rest.slice(at)}`;
    }, file.text);
  writeFileSync(path, text);
}

const texts = Object.fromEntries(
  tables.map((table) => [
    table.name.text,
    Object.fromEntries(Object.entries(commentsOf(table)).map(([name, comment]) => [name, textOf(comment)])),
  ]),
);
const written = `${JSON.stringify(texts, null, 2)}\n`;
if (process.argv[2] !== undefined) process.stdout.write(written);
else {
  writeFileSync(resolve(root, 'cli/option-texts.json'), written);
  tables.forEach(completeDeclarations);
}
