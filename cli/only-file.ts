import type { TaskCall } from './command-line-task.js';
import { WrongUsage } from './wrong-usage.js';

/** The one file that a model is measured on. @param rule why there may not be more. @throws WrongUsage */
export function onlyFile(
  { where, path }: Pick<TaskCall<unknown>, 'where' | 'path'>,
  files: readonly string[],
  rule: string,
): string {
  if (files.length === 1) return files[0];
  throw new WrongUsage({
    where,
    what: rule,
    expected: `${where} ${path} FILE`,
    received: files.join(' '),
    fix: 'give one file.',
  });
}
