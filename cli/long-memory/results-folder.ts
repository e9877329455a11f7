import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProblemOutcome } from '../../src/index.js';
import { FileLock, fileAccessError } from '../../src/node.js';
import { addRecord, parsedJson, type RecordLines, readRecords } from '../json-lines.js';
import { namingOutput } from '../output-paths.js';
import { WrongUsage } from '../wrong-usage.js';
import type { RunSettings } from './comparison.js';

/** A run that has ended, with all that it follows from. */
export type RunRecord = RunSettings & ProblemOutcome;

const lines: RecordLines<RunRecord> = {
  of: 'a run',
  lineOf: (record) => JSON.stringify(record),
  recordOf(line) {
    const found = parsedJson(line) as Partial<RunRecord> | null | undefined;
    const isRecord = typeof found?.problem === 'string' && typeof found.cell === 'string' && isStatus(found.status);
    return isRecord ? (found as RunRecord) : undefined;
  },
};

function isStatus(value: unknown): boolean {
  return ['solved', 'unsolved', 'failed'].includes(value as string);
}

/** Finished runs, which are kept in a folder where one is given: a run that stands there is not done again. */
export class Results {
  readonly #path: string | undefined;
  readonly #lock: FileLock | undefined;
  readonly #records: RunRecord[];

  private constructor(path: string | undefined, lock: FileLock | undefined, records: RunRecord[]) {
    this.#path = path;
    this.#lock = lock;
    this.#records = records;
  }

  /** @throws WrongUsage; FILE_ACCESS, also where another process is at work on the folder; FILE_FORMAT */
  static async open(where: string, folder: string | undefined): Promise<Results> {
    if (folder === undefined) return new Results(undefined, undefined, []);
    if (folder === '')
      throw new WrongUsage({
        where,
        what: '--out is empty.',
        expected: 'the name of a folder',
        received: "''",
        fix: 'name the folder that the results go to.',
      });
    await mkdir(folder, { recursive: true }).catch(async (error) => {
      throw await fileAccessError('write', folder, error);
    });
    const { lock } = await namingOutput(folder, FileLock.take(join(folder, 'runs.lock'), `${where} --out ${folder}`));
    const path = join(folder, 'runs.jsonl');
    try {
      return new Results(path, lock, await readRecords(path, lines));
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** What is recorded of a run with the very same settings. */
  of(run: RunSettings): RunRecord | undefined {
    return this.#records.find((record) =>
      (Object.keys(run) as (keyof RunSettings)[]).every((key) => record[key] === run[key]),
    );
  }

  async add(record: RunRecord): Promise<void> {
    if (this.#path !== undefined) {
      await this.#lock?.confirm();
      await addRecord(this.#path, lines, record);
    }
    this.#records.push(record);
  }

  async close(): Promise<void> {
    await this.#lock?.release();
  }
}
