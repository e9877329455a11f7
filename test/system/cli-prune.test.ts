import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rondo, rondoHere } from '../support/rondo.js';

const folder = mkdtempSync(join(tmpdir(), 'rondo-cli-prune-'));
beforeAll(() => writeFileSync(join(folder, 'song.txt'), 'so long and thanks for all the fish\n'.repeat(40)));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const small = [
  'train',
  'language-model',
  'song.txt',
  '--units',
  '18',
  '--embedding-units',
  '7',
  '--epochs',
  '3',
  '--quiet',
];

describe('--prune', () => {
  it.each(['language-model', 'classify', 'tag', 'forecast', 'translate'])(
    'is an option of rondo train %s',
    async (task) => {
      const { stdout } = await rondoHere(folder, ['train', task, '--help']);
      expect(stdout).toContain('--prune SHARE');
      expect(stdout.replace(/\s+/g, ' ')).toContain('--quantization-aware Trains for weights of 8 bits:');
      expect(stdout.replace(/\s+/g, ' ')).toContain('--prune-block BLOCK What --prune makes 0 together');
    },
  );

  it('shows what is left of each gate', () => {
    const { stdout, code } = rondo(folder, [...small, '--prune', '0.8', '--out', 'a.safetensors']);
    expect(code).toBe(0);
    expect(stdout).toContain('pruned: 360 of 1,800 weights are left\n');
    expect(stdout).toMatch(/rnn +recurrentKernel +forget +72 +324 +77\.8 %/);
  });

  it('gives it as JSON', () => {
    const { stdout } = rondo(folder, [...small, '--prune', '0.8', '--prune-block', '8x4', '--json', '--force']);
    const { sparsity, options } = JSON.parse(stdout);
    expect(options).toMatchObject({ prune: 0.8, pruneBlock: '8x4' });
    expect(sparsity.gates).toHaveLength(9);
    expect(sparsity.gates[4]).toMatchObject({ layer: 'rnn', weight: 'recurrentKernel', gate: 'input', numKept: 72 });
    const dense = JSON.parse(rondo(folder, [...small, '--json', '--force']).stdout);
    expect(dense.sparsity).toBeUndefined();
  });

  it('is refused by its flag', async () => {
    const { stderr, code } = await rondoHere(folder, [...small, '--force', '--prune-block', '8x4']);
    expect(code).toBe(2);
    expect(stderr).toContain('`--prune-block` has no effect without `--prune`.');
  });
});

describe('--quantization-aware', () => {
  it('says what it does before, and what came of it after', () => {
    const { stdout, code } = rondo(folder, [...small, '--quantization-aware', '--out', 'q.safetensors']);
    expect(code).toBe(0);
    expect(stdout).toContain('training for 8 bits: its second half sees kernels and embeddings rounded');
    const validation = /^best epoch .* validation ([\d.]+)/m.exec(stdout)?.[1];
    expect(stdout).toMatch(/trained for 8 bits: [\d,]+ of [\d,]+ weights are rounded \(\d arrays\)/);
    expect(stdout).toContain(`; the validation loss of the best epoch, ${validation}, is theirs\n`);
    expect(stdout).toContain('rondo compress q.safetensors --int8 writes the rounded ones');
    expect(rondo(folder, [...small, '--out', 'p.safetensors']).stdout).not.toContain('rounded');
  });

  it('gives it as JSON, of 4 bits too', () => {
    const flags = ['--quantization-aware', '--quantization-format', 'int4', '--json', '--out', 'r.safetensors'];
    const { quantization, outcome } = JSON.parse(rondo(folder, [...small, ...flags]).stdout);
    expect(quantization).toMatchObject({ format: 'int4', validationLoss: outcome.valLoss[outcome.bestEpoch] });
    expect(quantization.rounded).toContain('rnn/cell/recurrentKernel');
    expect(quantization.numRounded).toBeLessThan(quantization.numWeights);
  });
});
