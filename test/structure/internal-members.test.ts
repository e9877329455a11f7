import { join } from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { root } from '../support/imports.js';

const sources = ['src/index.ts', 'src/node.ts'].map((file) => join(root, file));

/** Whether a declaration is left out of the package's declarations. */
function isInternal(declaration: ts.Node): boolean {
  const { text } = declaration.getSourceFile();
  const comments = ts.getLeadingCommentRanges(text, declaration.getFullStart()) ?? [];
  return comments.some(({ pos, end }) => text.slice(pos, end).includes('@internal'));
}

it('what overrides a member that the declarations leave out is left out too', () => {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const program = ts.createProgram(sources, ts.parseJsonConfigFileContent(config, ts.sys, root).options);
  const checker = program.getTypeChecker();
  const overriding = program
    .getSourceFiles()
    .filter(({ fileName }) => fileName.startsWith(join(root, 'src')))
    .flatMap(({ statements }) => statements.filter(ts.isClassDeclaration))
    .flatMap(({ name, members, heritageClauses = [] }) =>
      heritageClauses
        .flatMap(({ types }) => types.map((type) => checker.getTypeAtLocation(type)))
        .flatMap((base) => members.map((member) => ({ name, member, before: base.getProperty(memberName(member)) }))),
    )
    .filter(({ before }) => before?.declarations?.some(isInternal));
  expect(overriding.length).toBeGreaterThan(10);
  const shown = overriding.filter(({ member }) => !isInternal(member));
  expect(shown.map(({ name, member }) => `${name?.text}.${memberName(member)}`)).toEqual([]);
});

function memberName({ name }: ts.ClassElement): string {
  return name?.getText() ?? '';
}
