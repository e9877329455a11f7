import { describe, expect, test } from 'vitest';
import { Contender } from './contender.js';
import { PeerProcess, PeerRefusal } from './peer-process.js';

/** No answer is waited for so long but one that does not come. */
const patience = 600_000;

/**
 * A peer whose answers come from a function of the request, written as JavaScript.
 *
 * @param timeoutMs the patience with its first processes, one after the other
 */
function peerOf(answerCode: string, numThreads = 1, timeoutMs = [patience]): PeerProcess {
  const program = `
    let count = 0;
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const request = JSON.parse(line);
      count++;
      if (request.request === 'close') process.exit(0);
      const answer = (${answerCode})(request, count);
      if (answer !== undefined) console.log(JSON.stringify(answer));
    });`;
  return new PeerProcess({
    name: 'peer',
    program: process.execPath,
    args: ['--eval', program],
    numThreads,
    get timeoutMs() {
      return timeoutMs.shift() ?? patience;
    },
  });
}

const preparation = { outputFile: 'a', losses: {}, variants: ['only'] };

describe('a peer', () => {
  test('that ends on a case says why, and is started anew for the next', async () => {
    const peer = peerOf(`({ case: { name } }) => (name === 'bad' ? process.exit(3) : ${JSON.stringify(preparation)})`);
    await expect(peer.prepare({ name: 'bad' }, '')).rejects.toThrow(/ended with code 3/);
    await expect(peer.measure('only', 1)).rejects.toThrow(PeerRefusal);
    await expect(peer.prepare({ name: 'good' }, '')).resolves.toEqual(preparation);
    peer.close();
  });

  test('that gives no answer in time is ended, and started anew for the next case', async () => {
    const peer = peerOf(
      `({ case: { name } }) => (name === 'slow' ? undefined : ${JSON.stringify(preparation)})`,
      1,
      [600],
    );
    await expect(peer.prepare({ name: 'slow' }, '')).rejects.toThrow(/no answer to `prepare` in 1 s/);
    await expect(peer.prepare({ name: 'quick' }, '')).resolves.toEqual(preparation);
    peer.close();
  });

  test('that is not installed is not started again', async () => {
    const peer = peerOf(`(_, count) => ({ missing: 'not here ' + count })`);
    await expect(peer.describe()).rejects.toThrow('not here 1');
    await expect(peer.prepare({}, '')).rejects.toThrow('not here 1');
    peer.close();
  });

  test('that gives a long reason is quoted in one line that fits a table', async () => {
    const peer = peerOf(`() => ({ error: 'first\\n | second' + 'x'.repeat(1000) })`);
    const reason = await peer.describe().catch(({ message }: Error) => message);
    expect(reason).toMatch(/^first \/ secondx+ \.\.\.$/);
    peer.close();
  });

  test('trains what it has built, in one process until it is closed', async () => {
    const peer = peerOf(
      "({ request, task, seed }, count) => (request === 'build' ? { numParameters: seed, initialLoss: " +
        'task.length } : { trainMs: count, cpuMs: 1, meanLosses: [], scores: {} })',
    );
    for (let seed = 4; seed < 6; seed++) {
      expect(await peer.build('abc', 'data.json', seed)).toEqual({ numParameters: seed, initialLoss: 3 });
      expect((await peer.train()).trainMs).toBe(2);
      peer.close();
    }
  });

  test('is told its number of threads', async () => {
    const peer = peerOf('() => ({ versions: process.env.RONDO_BENCH_THREADS })', 3);
    expect(await peer.describe()).toEqual({ versions: '3' });
    peer.close();
  });

  test('is timed in its fastest variant, in fewer rounds where one run takes long', async () => {
    const times = '{ quick: 200, slow: 900 }';
    const peer = peerOf(
      `({ variant, repeats = 1 }) => ({ elapsedMs: Array(repeats).fill((${times})[variant]), cpuMs: 1, wallMs: 2 })`,
    );
    await peer.prepare({}, '');
    const contender = await Contender.of(peer, ['slow', 'quick'], { mostRounds: 9, totalMs: 1300 });
    expect(contender.variant).toBe('quick');
    expect(contender.rounds).toBeLessThanOrEqual(6);
    expect(contender.rounds).toBeGreaterThanOrEqual(1);
    for (let round = 0; round < contender.rounds; round++) await contender.timeRound();
    expect(contender.medianMs).toBe(200);
    expect(contender.coresUsed).toBe(0.5);
    peer.close();
  });
});
