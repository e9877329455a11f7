import { madeBy } from './load-model-of.js';
import type { OptionSpec, OptionSpecs } from './options.js';
import { type AnyTask, tasks } from './tasks.js';
import { WrongUsage } from './wrong-usage.js';

/** Commands that take models of every task. */
export type SharedCommand = keyof AnyTask['options'];

/** The options that models of any task have, of a command for all of them. */
export function optionsOfTasks(command: SharedCommand): OptionSpecs {
  const all: Record<string, OptionSpec> = {};
  for (const { options } of tasks)
    for (const [name, spec] of Object.entries(options[command])) all[name] = together(all[name], spec);
  return all;
}

/** One option of several tasks. */
export function together(before: OptionSpec | undefined, spec: OptionSpec): OptionSpec {
  if (before === undefined || before === spec) return spec;
  const about = before.about === spec.about ? spec.about : `${before.about} ${spec.about}`;
  const choices = before.choices && spec.choices && [...new Set([...before.choices, ...spec.choices])];
  return { ...before, about, choices };
}

/**
 * Refuses what a model of this task would ignore. @throws WrongUsage for options of other tasks, naming all of them,
 * and for choices of other tasks
 */
export function requireOwnOptions(
  where: string,
  task: AnyTask,
  command: SharedCommand,
  options: Readonly<Record<string, unknown>>,
): void {
  const own = task.options[command];
  const ownersOf = (name: string): AnyTask[] => tasks.filter((other) => Object.hasOwn(other.options[command], name));
  const given = Object.keys(options).filter(
    (name) => options[name] !== undefined && options[name] !== false && ownersOf(name).length > 0,
  );
  const foreign = given.filter((name) => !Object.hasOwn(own, name));
  if (foreign.length > 0) {
    const owners = ownersOf(foreign[0]);
    const flags = foreign.filter((name) => ownersOf(name).every((owner) => owners.includes(owner)));
    throw new WrongUsage({
      where,
      what: `${flags.map((name) => `--${name}`).join(', ')} ${fitFor(owners.map(({ models }) => models))}.`,
      expected: madeBy(owners),
      received: `a model of the task ${task.name}`,
      fix: `leave ${flags.length === 1 ? `--${flags[0]}` : 'them'} out, or give such a model.`,
    });
  }
  for (const name of given) {
    const { choices } = own[name];
    if (choices === undefined || choices.includes(String(options[name]))) continue;
    throw new WrongUsage({
      where,
      what: `\`${options[name]}\` is no --${name} for ${task.models}.`,
      expected: choices.join(', '),
      received: String(options[name]),
      fix: `choose one of these, or leave --${name} out.`,
    });
  }
}

function fitFor(models: readonly string[]): string {
  const [last, ...others] = [...models].reverse();
  return others.length === 0 ? `can be used with ${last} only` : `is for ${others.reverse().join(', ')} and ${last}`;
}
