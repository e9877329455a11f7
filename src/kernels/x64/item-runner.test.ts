import { expect, it, vi } from 'vitest';
import { Assembler } from './assembler.js';
import { emitEntryPoints } from './item-runner.js';

/** Places of the instructions for vectors. */
function vectorPlaces(convention: 'system-v' | 'windows'): { places: number[]; describe: number } {
  const code = new Assembler();
  const places: number[] = [];
  for (const method of ['op', 'opWith', 'vzeroupper'] as const)
    vi.spyOn(code, method).mockImplementation(() => void places.push(code.length));
  const { describe } = emitEntryPoints(code, convention);
  return { places, describe: code.placeOf(describe) };
}

it.each(['system-v', 'windows'] as const)(
  'asks any processor of x86-64 what it can do: no instruction for vectors is among those that ask (%s)',
  (convention) => {
    const { places, describe } = vectorPlaces(convention);
    expect(places.length).toBeGreaterThan(0);
    // What asks is the last of the functions.
    expect(places.filter((place) => place >= describe)).toEqual([]);
  },
);
