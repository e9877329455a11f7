import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { RondoError, type RunResult, type TrialValues } from '../../src/index.js';
import { FileLock, fileAccessError, type LockOwner, readText, writeFileAtomically } from '../../src/node.js';
import { addRecord, parsedJson, type RecordLines, readRecords } from '../json-lines.js';
import { say } from '../output.js';
import { exists, lockPathOf, namingOutput, type OutputPaths, pathsOf, wouldLose } from '../output-paths.js';
import { requireNoInput } from '../protect-inputs.js';
import { WrongUsage } from '../wrong-usage.js';
import { csvText } from './csv-text.js';
import type { Search } from './search.js';

/** One run of a trial. In trials.jsonl, one a line, trials and rungs are counted from 1. */
export interface RunRecord extends RunResult {
  readonly epochs: number | null;
  readonly values: TrialValues;
  readonly seed: number;
  readonly status: 'done' | 'failed';
  /** From 1; null where the run failed. */
  readonly bestEpoch: number | null;
  readonly seconds: number;
  /** Why it failed. */
  readonly reason?: string | undefined;
}

/** What a search writes beside search.json. */
const resultNames = ['trials.jsonl', 'trials.csv', 'best.safetensors'];

/** The folder of a search: what is searched, and what came of it. */
export class SearchFolder {
  #lock: FileLock | undefined;

  private constructor(
    readonly path: string,
    readonly records: RunRecord[],
  ) {}

  /**
   * Makes the folder, or takes up the search that it holds; it then belongs to this process.
   *
   * @throws FILE_ACCESS where a search would be lost, another process is at work on it, or there is none to resume;
   * WrongUsage where it is
   *   another one, or data would be overwritten
   */
  static async open(
    where: string,
    path: string,
    search: Search,
    { force, resume }: { readonly force: boolean; readonly resume: boolean },
  ): Promise<SearchFolder> {
    const folder = new SearchFolder(path, []);
    if (resume) requireSameSearch(where, path, await folder.#knownSearch(where), search);
    else await folder.#requireUnused(where, force);
    for (const name of ['search.json', ...resultNames]) await requireNoInput(where, '--out', folder.#at(name));
    try {
      await mkdir(folder.#at('running'), { recursive: true });
    } catch (error) {
      throw await fileAccessError('write', path, error);
    }
    const { lock, predecessor } = await namingOutput(
      path,
      FileLock.take(folder.#at('search.lock'), `${where} --out ${path}`),
    );
    folder.#lock = lock;
    if (predecessor !== undefined)
      say(
        `${lock.path} was left by ${predecessor === null ? 'a process' : `process ${predecessor.pid}`}, which ` +
          'is gone; taken over.',
      );
    if (resume) {
      folder.records.push(...(await readRecords(folder.#at('trials.jsonl'), runLines)));
      return folder;
    }
    // Another search may have begun since the first look.
    await folder.#requireUnused(where, force);
    for (const name of resultNames) await rm(folder.#at(name), { recursive: true, force: true });
    await writeFileAtomically(folder.#at('search.json'), `${JSON.stringify(search, null, 2)}\n`);
    return folder;
  }

  get bestModel(): string {
    return this.#at('best.safetensors');
  }

  /** Where a run keeps its model and checkpoint while it lasts. */
  pathsOf({ trial, rung }: Pick<RunResult, 'trial' | 'rung'>): OutputPaths {
    return pathsOf(this.#at('running', `trial-${trial + 1}-rung-${rung + 1}.safetensors`));
  }

  /** Whether a run was interrupted after its first checkpoint. */
  isInterrupted(run: Pick<RunResult, 'trial' | 'rung'>): Promise<boolean> {
    return exists(this.pathsOf(run).checkpoint);
  }

  /**
   * Waits while the training of a run is still under way, begun by a search that was killed: it has noticed, and is
   * saving what it has.
   *
   * @param onWait is called once, where there is something to wait for.
   */
  async untilFree(
    run: Pick<RunResult, 'trial' | 'rung'>,
    signal: AbortSignal,
    onWait: (owner: LockOwner) => void,
  ): Promise<void> {
    const path = lockPathOf(this.pathsOf(run).model);
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      const owner = await FileLock.holder(path);
      if (owner === undefined) return;
      if (isFirst) onWait(owner);
      await setTimeout(100, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Adds a run, and removes its files; the model is kept as the best where that is asked for. */
  async add(record: RunRecord, keepModel: boolean): Promise<void> {
    await this.#lock?.confirm();
    const { model, checkpoint } = this.pathsOf(record);
    // Before the record: what is not recorded is run again, and ends with the same model.
    if (keepModel) await rename(model, this.bestModel);
    await addRecord(this.#at('trials.jsonl'), runLines, record);
    this.records.push(record);
    await rm(model, { force: true });
    await rm(checkpoint, { force: true });
  }

  /** Writes the same as a table for spreadsheets, tidies up, and gives the folder back. */
  async close({ space, score }: Search): Promise<void> {
    const rows = this.records
      .map(asCounted)
      .map(({ trial, rung, epochs, values, seed, score: own, bestEpoch, seconds, status, reason = '' }) => ({
        trial,
        rung,
        epochs,
        ...Object.fromEntries(Object.keys(space).map((name) => [name, values[name]])),
        seed,
        [score]: own,
        bestEpoch,
        seconds,
        status,
        reason,
      }));
    await writeFileAtomically(this.#at('trials.csv'), csvText(rows));
    const running = this.#at('running');
    if ((await readdir(running)).length === 0) await rmdir(running);
    await this.#lock?.release();
  }

  async #knownSearch(where: string): Promise<Search> {
    const path = this.#at('search.json');
    if (!(await exists(path)))
      throw new RondoError('FILE_ACCESS', {
        where,
        what: 'there is no search to resume.',
        expected: path,
        received: 'no such file',
        fix: 'leave --resume out to start, or give the --out of the interrupted search.',
      });
    const text = await readText(path);
    const found = parsedJson(text);
    if (typeof found === 'object' && found !== null && !Array.isArray(found)) return found as Search;
    throw new RondoError('FILE_FORMAT', {
      where: path,
      what: 'this is no description of a search.',
      expected: 'what rondo tune has written there',
      received: text.slice(0, 80),
      fix: 'start anew with --force, or choose another --out.',
    });
  }

  async #requireUnused(where: string, force: boolean): Promise<void> {
    if (force) return;
    const { path } = this;
    if (await exists(this.#at('search.json')))
      throw wouldLose(
        where,
        `${path} holds a search already.`,
        'go on with it with --resume, start anew with --force, or choose another --out.',
      );
    for (const name of resultNames) {
      const taken = `${this.#at(name)} exists already, and is of no search.`;
      if (await exists(this.#at(name)))
        throw wouldLose(where, taken, 'overwrite it with --force, or choose another --out.');
    }
  }

  #at(...names: readonly string[]): string {
    return join(this.path, ...names);
  }
}

/** A record as people count: trials and rungs from 1. */
export function asCounted<R extends RunResult>(record: R): R {
  return { ...record, trial: record.trial + 1, rung: record.rung + 1 };
}

const runLines: RecordLines<RunRecord> = {
  of: 'a run',
  lineOf: (record) => JSON.stringify(asCounted(record)),
  recordOf,
};

function recordOf(line: string): RunRecord | undefined {
  const found = parsedJson(line) as Partial<RunRecord> | null | undefined;
  const { trial, rung, score, values, status } = found ?? {};
  if (!isCount(trial) || !isCount(rung) || !(score === null || Number.isFinite(score))) return undefined;
  if (typeof values !== 'object' || values === null || (status !== 'done' && status !== 'failed')) return undefined;
  return { ...(found as RunRecord), trial: trial - 1, rung: rung - 1 };
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1;
}

function requireSameSearch(where: string, path: string, before: Search, now: Search): void {
  const differing = (Object.keys(now) as (keyof Search)[]).filter(
    (key) => JSON.stringify(before[key]) !== JSON.stringify(now[key]),
  );
  if (differing.length === 0) return;
  const list = (search: Search): string => differing.map((key) => `${key} ${JSON.stringify(search[key])}`).join(', ');
  throw new WrongUsage({
    where,
    what: `${path} holds another search.`,
    expected: list(before),
    received: list(now),
    fix: 'give the command of that search, or choose another --out, or start anew with --force instead of --resume.',
  });
}
