import { createRequire } from 'node:module';
import type { AxiosStatic } from 'axios';

/** Globals that Node makes on first touch, at a cost of some 3 MB; axios touches them while it loads. */
const LAZY_GLOBALS = ['fetch', 'FormData', 'Request', 'Response'] as const;

/**
 * Loads axios in the form that needs the least memory, because a daemon has it loaded all its life: the one
 * file for `require` (5 MB less than the many files for `import`), without the fetch family that its HTTP
 * adapter does not use. Loading is synchronous, so no other code can miss the globals meanwhile.
 */
export function loadAxios(): AxiosStatic {
  const kept = LAZY_GLOBALS.map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const);
  try {
    for (const name of LAZY_GLOBALS) {
      Object.defineProperty(globalThis, name, { value: undefined, configurable: true, writable: true });
    }
    const load: (name: string) => AxiosStatic = createRequire(import.meta.url);
    return load('axios');
  } finally {
    for (const [name, descriptor] of kept) {
      if (descriptor) Object.defineProperty(globalThis, name, descriptor);
    }
  }
}
