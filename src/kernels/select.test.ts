import { afterEach, describe, expect, it } from 'vitest';
import { messageOf } from '../../test/support/central-differences.js';
import { createReferenceBackend } from './reference/backend.js';
import { type BackendName, backendNames, currentBackend, useBackend } from './select.js';

afterEach(() => void useBackend('wasm'));

describe('useBackend', () => {
  it('chooses what computes from now on, by name', () => {
    for (const name of backendNames) {
      const chosen = useBackend(name);
      expect(chosen.name).toBe(name);
      expect(currentBackend()).toBe(chosen);
    }
  });

  it('makes each backend once, so that weights need not move when it is chosen again', () => {
    const first = useBackend('reference');
    useBackend('wasm');
    expect(useBackend('reference')).toBe(first);
  });

  it('takes a backend of your own', () => {
    const mine = createReferenceBackend();
    expect(useBackend(mine)).toBe(mine);
    expect(currentBackend()).toBe(mine);
    expect(useBackend('reference')).not.toBe(mine);
  });

  it('refuses a name it does not know, and stays where it is', () => {
    const before = useBackend('reference');
    expect(messageOf(() => useBackend('wsm' as BackendName))).toBe(
      '[UNKNOWN_NAME] useBackend: unknown backend `wsm`; did you mean `wasm`?\n  expected: one of `wasm`, ' +
        '`reference`\n  received: `wsm`\n  fix: use `wasm`.',
    );
    expect(messageOf(() => useBackend('webgpu' as BackendName))).toMatch(/^\[UNKNOWN_NAME\]/);
    expect(currentBackend()).toBe(before);
  });
});
