import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

const inDocs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md') && !name.startsWith('reference'))
  .map((name) => `docs/${name}`);

/** Every document that the package carries. */
export const documents: readonly string[] = ['README.md', 'README.zh-CN.md', 'bench/README.md', ...inDocs];

export interface Block {
  /** What stands behind the opening fence; empty for most. */
  readonly language: string;
  readonly text: string;
}

/** The fenced blocks of a document. */
export function blocksOf(file: string): Block[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/^```([^\n]*)\n([\s\S]*?)^```/gm)].map(([, language, inside]) => ({
    language: language.trim(),
    text: inside,
  }));
}

/** What stands between single back-ticks outside of blocks. */
export function codeSpansOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8').replace(/^```[\s\S]*?^```/gm, '');
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, inside]) => inside);
}
