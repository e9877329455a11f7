import type { Command } from '../options.js';
import { tasks } from '../tasks.js';

type LoadedCommand = () => Promise<Command>;

/** Every command by its name, in the order of `rondo --help`. One is loaded when it is run. */
export const commands: Readonly<Record<string, LoadedCommand>> = {
  ...Object.fromEntries(tasks.map(({ command, train }): [string, LoadedCommand] => [`train ${command}`, train])),
  ...Object.fromEntries(
    tasks.map((task): [string, LoadedCommand] => [
      `tune ${task.command}`,
      async () => (await import('./tune.js')).tuneCommand(task, await task.train()),
    ]),
  ),
  distill: async () => (await import('./distill.js')).distillCommand(),
  predict: async () => (await import('./predict.js')).predict,
  evaluate: async () => (await import('./evaluate.js')).evaluate,
  ...Object.assign({}, ...tasks.map((task) => task.commands)),
  compress: async () => (await import('./compress.js')).compress,
  convert: async () => (await import('./convert.js')).convert,
  export: async () => (await import('./export.js')).exportModel,
  run: async () => (await import('./run.js')).run,
  inspect: async () => (await import('./inspect.js')).inspect,
  bench: async () => (await import('./bench.js')).bench,
  doctor: async () => (await import('./doctor.js')).doctor,
  vectors: async () => (await import('./vectors.js')).vectors,
  tasks: async () => (await import('./tasks.js')).tasks,
  demo: async () => (await import('./demo.js')).demo,
};
