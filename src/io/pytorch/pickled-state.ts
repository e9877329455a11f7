import { RondoError, unknownName } from '../../errors.js';
import { damagedFile } from '../file-fault.js';
import { keyText, type Pickled, PickledGlobal, PickledRecord, PickledTensor } from './pickle-values.js';

/** Deeper than any model, and more values than any file of weights; a pickle can hold circles, and one value many times. */
const [deepest, mostVisits] = [64, 5_000_000];

/** Dictionaries beside the weights in what programs save while they train. */
const besides = /optim|sched|scaler|ema|rng|hparams|hyper|loss|config|args/i;
/** What the weights are then called. */
const usual = ['state_dict', 'model_state_dict', 'model'];

/**
 * The tensors of what torch.save wrote, by the names of a state dict: of a dictionary of tensors those; of a whole module those that
 * its state_dict() would give; of a dictionary with the weights inside those under `key`, or under the one entry that can be meant.
 *
 * @throws UNKNOWN_NAME for a key that there is not; FILE_FORMAT where nothing or more than one thing can be meant
 */
export function stateOf(value: Pickled, where: string, key?: string): Map<string, PickledTensor> {
  const walk = new StateWalk(where);
  if (key !== undefined) {
    const inside = entriesOf(value);
    const chosen = [...inside].find(([name]) => keyText(name) === key);
    if (chosen === undefined) {
      const known = [...inside.keys()].slice(0, 1000).flatMap((name) => keyText(name)?.slice(0, 100) ?? []);
      throw unknownName(where, 'key', key, known.slice(0, 50));
    }
    return requireSome(walk.tensors(chosen[1]), where);
  }
  if (value instanceof PickledTensor) return new Map([['tensor', value]]);
  if (isModule(value)) return requireSome(walk.tensors(value), where);
  const groups = [...entriesOf(value)].flatMap(([name, entry]) => {
    const text = keyText(name);
    if (text === undefined || entry instanceof PickledTensor) return [];
    return walk.tensors(entry).size > 0 ? [text] : [];
  });
  const hasOwn = [...entriesOf(value).values()].some((entry) => entry instanceof PickledTensor);
  const meant = usual.find((name) => groups.includes(name));
  if (meant !== undefined) return stateOf(value, where, meant);
  if (hasOwn || groups.length === 0) return requireSome(walk.tensors(value), where);
  const likely = groups.filter((name) => !besides.test(name));
  if (likely.length === 1) return stateOf(value, where, likely[0]);
  throw new RondoError('FILE_FORMAT', {
    where,
    what: 'the file holds tensors in several places.',
    expected: '`key`: the entry that holds the weights',
    received: groups.slice(0, 20).join(', '),
    fix: `say which one: key: '${likely[0] ?? groups[0]}'.`,
    option: 'key',
  });
}

/** Walks what may be deep, circular, or hostile. */
class StateWalk {
  readonly #where: string;
  #visits = 0;

  constructor(where: string) {
    this.#where = where;
  }

  tensors(value: Pickled): Map<string, PickledTensor> {
    const found = new Map<string, PickledTensor>();
    this.#visit(value, '', found, 0);
    return found;
  }

  #visit(value: Pickled, path: string, found: Map<string, PickledTensor>, depth: number): void {
    this.#visits += 1 + lengthOf(value);
    if (this.#visits > mostVisits || depth > deepest)
      throw damagedFile({
        where: this.#where,
        what: 'what the file holds is nested too deeply, or in a circle.',
        expected: `at most ${deepest} levels and ${mostVisits} values`,
      });
    if (value instanceof PickledTensor) {
      if (found.has(path))
        throw damagedFile({ where: this.#where, what: `two tensors are named \`${path.slice(0, 200)}\`.` });
      found.set(path, value);
      return;
    }
    const inside = isModule(value) ? moduleEntries(value) : entriesOf(value);
    for (const [key, entry] of inside) {
      const name = keyText(key);
      if (name === undefined || typeof entry !== 'object' || entry === null) continue;
      this.#visit(entry, path === '' ? name : `${path}.${name}`, found, depth + 1);
    }
  }
}

/** What a dictionary, list or object holds, by key, place or attribute. */
function entriesOf(value: Pickled): ReadonlyMap<Pickled, Pickled> {
  if (value instanceof Map) return value;
  if (Array.isArray(value)) return new Map(value.map((item, i) => [i, item]));
  if (!(value instanceof PickledRecord)) return new Map();
  return value.state instanceof Map && value.items.size === 0 ? value.state : value.items;
}

/** The entries that a walk looks at. */
function lengthOf(value: Pickled): number {
  if (value instanceof Map) return value.size;
  if (Array.isArray(value)) return value.length;
  if (!(value instanceof PickledRecord)) return 0;
  return value.items.size + (value.state instanceof Map ? value.state.size : 0);
}

/** An object with the parts of every torch.nn.Module. */
function isModule(value: Pickled): value is PickledRecord & { state: Map<Pickled, Pickled> } {
  return (
    value instanceof PickledRecord &&
    value.of instanceof PickledGlobal &&
    value.state instanceof Map &&
    value.state.get('_parameters') instanceof Map &&
    value.state.get('_modules') instanceof Map
  );
}

/** What state_dict() of a module holds: parameters, buffers that are kept, then modules. */
function moduleEntries({ state }: PickledRecord & { state: Map<Pickled, Pickled> }): ReadonlyMap<Pickled, Pickled> {
  const passing = state.get('_non_persistent_buffers_set');
  const left = new Set(Array.isArray(passing) ? passing : []);
  const entries = ['_parameters', '_buffers', '_modules'].flatMap((name) => {
    const inside = state.get(name);
    return inside instanceof Map ? [...inside].filter(([key]) => name !== '_buffers' || !left.has(key)) : [];
  });
  return new Map(entries);
}

function requireSome(found: Map<string, PickledTensor>, where: string): Map<string, PickledTensor> {
  if (found.size > 0) return found;
  throw damagedFile({
    where,
    what: 'the file holds no tensors.',
    expected: 'a state dict, or a module',
    fix: 'save the weights: torch.save(model.state_dict(), path).',
  });
}
