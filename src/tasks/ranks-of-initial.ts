import { RecurrentLayer } from '../layers/recurrent-layer.js';
import { replaceLayers } from '../training/graph/replace-layers.js';
import type { Model } from '../training/model.js';

const rankNames = ['recurrentRank', 'kernelRank'] as const;

type Ranks = { readonly [Name in (typeof rankNames)[number]]?: number };

/**
 * The network of a training with kernels of the ranks that the model has with which training begins, layer by layer: no
 * option of a task says them. Layers that become others have weights of their own; the network itself where all kernels
 * are whole.
 */
export function withRanksOf<Given extends Model>(network: Given, initial: Model | undefined): Given {
  const ranks = initial === undefined ? new Map<string, Ranks[]>() : ranksOf(initial);
  if (ranks.size === 0) return network;
  return replaceLayers(network, (layer, path) => {
    const cells = ranks.get(path);
    if (cells === undefined || !(layer instanceof RecurrentLayer)) return layer;
    return (layer as RecurrentLayer<boolean>).copy({ name: layer.name, cells });
  });
}

/** By the paths of layers of a low rank: the ranks of their cells. */
function ranksOf(model: Model): ReadonlyMap<string, Ranks[]> {
  const found = new Map<string, Ranks[]>();
  replaceLayers(model, (layer, path) => {
    if (!(layer instanceof RecurrentLayer)) return layer;
    const config = layer.getConfig();
    // What a cell has of its own stands with it, where the layer takes any cell by its name.
    const cells = [config.cell ?? null].flat().map((cell) => ranksIn({ ...config, ...Object(cell) }));
    if (cells.some((ranks) => Object.keys(ranks).length > 0)) found.set(path, cells);
    return layer;
  });
  return found;
}

function ranksIn(options: Readonly<Record<string, unknown>>): Ranks {
  return Object.fromEntries(
    rankNames.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]),
  );
}
