import { RondoError } from '../../errors.js';
import { type TorchKind, type TorchModule, widthsOf } from './torch-modules.js';

/** A module with what it is taken for. */
export interface ChainedModule {
  readonly module: TorchModule;
  readonly kind: TorchKind;
}

/** Orders that are tried before a chain counts as one of several, and modules of a chain that is looked for. */
const [mostTries, mostModules] = [20_000, 500];

/** What would have to be guessed of kinds whose numbers depend on more than their tensors. */
const unsaidOf: Partial<Record<TorchKind, string>> = {
  Conv1d: 'stride, padding and dilation',
  MultiheadAttention: 'the heads',
};

/**
 * The one chain that names and widths allow. A state dict does not say in which order modules run, nor what stands between them, so
 * whatever else could be meant is refused.
 *
 * @throws USAGE saying what is open, and what to write
 */
export function chainOfModules(modules: readonly TorchModule[], where: string): ChainedModule[] {
  const unsaid = modules.find(({ kinds }) => kinds.some((kind) => Object.hasOwn(unsaidOf, kind)));
  if (unsaid !== undefined)
    throw open(where, modules, `${unsaidOf[unsaid.kinds[0]]!} of \`${unsaid.name}\` are not in it.`);
  const numbered = numberedOrder(modules);
  const gap = numbered?.find(({ place }, i) => place !== i);
  if (gap !== undefined)
    throw open(
      where,
      modules,
      `something without weights stands before \`${gap.module.name}\`, such as an activation.`,
    );
  const order = numbered?.map(({ module }) => module);
  const chains = modules.length > mostModules ? [] : chainsOf(modules, order);
  const [chain] = chains;
  if (chains.length !== 1 || chain.length === 0) {
    const isNone = chains.length < 2;
    const none = 'the modules are no chain, each reading what the one before it gives.';
    throw open(where, modules, isNone ? none : 'names and shapes allow more than one order of the modules.');
  }
  // The modules of an nn.Sequential have numbers for names and nothing between them; those of a list may have, as others do.
  const isSequential = modules.every(({ name }) => /^\d+$/.test(name));
  const mayBeActivated = ['Linear', 'BatchNorm1d'];
  const inside = isSequential ? undefined : chain.slice(0, -1).find(({ kind }) => mayBeActivated.includes(kind));
  if (inside !== undefined) throw open(where, modules, `an activation may stand behind \`${inside.module.name}\`.`);
  return chain;
}

/** Places in an nn.Sequential or a list: names that differ in a last number alone. */
function numberedOrder(modules: readonly TorchModule[]): { module: TorchModule; place: number }[] | undefined {
  const places = modules.map((module) => ({ module, parts: /^(.*?)(\d{1,6})$/.exec(module.name) }));
  const [first] = places;
  const isOne = places.every(
    ({ parts }) => parts !== null && parts[1] === first?.parts?.[1] && (parts[1] === '' || parts[1].endsWith('.')),
  );
  if (!isOne || modules.length < 2 || modules.length > mostModules) return undefined;
  return places.map(({ module, parts }) => ({ module, place: Number(parts![2]) })).sort((a, b) => a.place - b.place);
}

/** Up to two chains of all modules whose widths fit; of those in a given order only. */
function chainsOf(modules: readonly TorchModule[], order?: readonly TorchModule[]): ChainedModule[][] {
  const found: ChainedModule[][] = [];
  const chain: ChainedModule[] = [];
  let tries = 0;
  const extend = (): void => {
    if (chain.length === modules.length) found.push([...chain]);
    const last = chain.at(-1);
    const width = last && widthsOf(last.module, last.kind).to;
    for (const module of order?.slice(chain.length, chain.length + 1) ?? modules) {
      if (found.length > 1 || ++tries > mostTries) return;
      if (chain.some((entry) => entry.module === module)) continue;
      for (const kind of module.kinds) {
        const { from } = widthsOf(module, kind);
        const fits = last === undefined || (from !== undefined && from === width);
        if (!fits) continue;
        chain.push({ module, kind });
        extend();
        chain.pop();
      }
    }
  };
  extend();
  // Too many to be tried are too many to be one.
  return tries > mostTries && found.length === 1 ? [...found, ...found] : found;
}

function open(where: string, modules: readonly TorchModule[], what: string): RondoError {
  const names = modules.map(({ name }) => `'${name}'`).join(', ');
  return new RondoError('USAGE', {
    where,
    what: `a state dict does not say all: ${what}`,
    expected: '`layers`: the modules in the order in which they run, with layers that have no weights between them',
    received:
      modules.map(({ name, kinds }) => `${name} (${kinds.join(' or ')})`).join(', ') || 'no modules that are known',
    fix:
      `write layers: [${names}], in their order, with ` +
      "{ module: 'name', activation: 'relu', options: { stride: 2 } } where they have any.",
    option: 'layers',
  });
}
