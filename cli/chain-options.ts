import {
  type ActivationName,
  activationNamed,
  chainFromJson,
  decodeUtf8,
  type ModelFormatName,
  type ModuleInChain,
  type ReadModelOptions,
  RondoError,
} from '../src/index.js';
import { load, readBytes } from '../src/node.js';
import { WrongUsage } from './wrong-usage.js';

/** Options of commands that read models, for what a PyTorch file does not say. */
export const chainOptions = {
  layers: {
    type: 'text',
    value: 'NAME,NAME=ACTIVATION,... or FILE.json',
    about:
      'The modules of a PyTorch file in the order in which they run, or a JSON file that lists them with their options and ' +
      'what stands between them. By default the one chain that is possible.',
  },
  timesteps: { type: 'count', value: 'N', about: 'Steps of the input, where a layer needs to know them.' },
  'last-step': {
    type: 'flag',
    about: 'The last recurrent module of a PyTorch file gives its last states alone, as output[:, -1] does.',
  },
  key: { type: 'text', value: 'NAME', about: 'The entry of a PyTorch file that holds the weights.' },
} as const;

/** What the command line says of a PyTorch file. */
export interface ChainGiven {
  readonly layers?: string | undefined;
  readonly 'last-step'?: boolean | undefined;
  readonly timesteps?: number | undefined;
  readonly key?: string | undefined;
}

/** Those of the options that are given. */
export function chainFlags(options: ChainGiven): (keyof ChainGiven)[] {
  return (['layers', 'last-step', 'timesteps', 'key'] as const).filter((name) => options[name]);
}

/** Files that the options name. */
export function chainFiles({ layers }: ChainGiven): string[] {
  return layers !== undefined && isJson(layers) ? [layers] : [];
}

/** The model of a file, of a PyTorch file by what the command line says of it. @throws USAGE, with the flags that are missing */
export async function loadAsTold(
  path: string,
  format: ModelFormatName | undefined,
  { layers, 'last-step': isLastOnly, timesteps, key }: ChainGiven,
): ReturnType<typeof load> {
  const options: ReadModelOptions = {
    ...(layers !== undefined && { layers: await chainOf(layers) }),
    ...(isLastOnly && { returnSequences: false }),
    ...(timesteps !== undefined && { timesteps }),
    ...(key !== undefined && { key }),
  };
  try {
    return await load(path, { ...options, format });
  } catch (error) {
    if (!(error instanceof RondoError) || error.code !== 'USAGE' || error.facts.option !== 'layers') throw error;
    const names = [...(/layers: \[(.*?)\]/.exec(error.facts.fix ?? '')?.[1] ?? '').matchAll(/'([^']*)'/g)];
    const example = names.length === 0 ? 'lstm,head' : names.map(([, name]) => name).join(',');
    throw new RondoError('USAGE', {
      ...error.facts,
      fix:
        `write --layers ${example} with the modules in their order; NAME=relu adds an activation, and --layers FILE.json lists ` +
        'options and layers without weights too.',
    });
  }
}

/** A list on the command line, or a JSON file that holds one. */
async function chainOf(layers: string): Promise<ReadModelOptions['layers']> {
  if (!isJson(layers)) return layers.split(',').map(moduleInChain);
  return chainFromJson(decodeUtf8(await readBytes(layers, '.json'), layers), layers);
}

function isJson(layers: string): boolean {
  return /[^/]\.json$/i.test(layers);
}

/** `fc1` or `fc1=relu`. */
function moduleInChain(text: string): ModuleInChain {
  const at = text.lastIndexOf('=');
  if (at < 0) return { module: text };
  const activation: ActivationName = activationNamed(text.slice(at + 1));
  return { module: text.slice(0, at), activation };
}

export function notHere(where: string, option: string, when: string): WrongUsage {
  return new WrongUsage({
    where,
    what: `--${option} has no effect here.`,
    expected: `it where ${when}`,
    fix: 'leave it out.',
  });
}
