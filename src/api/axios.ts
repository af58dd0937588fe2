import type { AxiosStatic } from 'axios';
import { loadLean, type Replaced } from '../os/load-lean.js';

/** Globals that Node makes on first touch, at a cost of some 4 MB; axios touches them while it loads. Node 24 makes them here. */
const LAZY_GLOBALS = ['fetch', 'FormData', 'Request', 'Response', 'ReadableStream', 'Blob'] as const;

/** Bodies are texts, redirects are answers, the API speaks HTTP/1.1, and few agents are behind a proxy. */
const REPLACED: readonly Replaced[] = [
  { library: 'form-data', by: 'axios', used: 'never' },
  { library: 'follow-redirects', by: 'axios', used: 'never' },
  { library: 'http2', by: 'axios', used: 'never' },
  { library: 'https-proxy-agent', by: 'axios', used: 'later' },
];

/**
 * Loads axios in the form that needs the least memory, because a daemon has it loaded all its life: the one
 * file for `require` (5 MB less than the many files for `import`), without libraries that it does not use (3 MB) and
 * without the fetch family that its HTTP adapter does not use. Loading is synchronous, so no other code can miss the
 * globals meanwhile.
 */
export function loadAxios(): AxiosStatic {
  const kept = LAZY_GLOBALS.map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const);
  try {
    for (const name of LAZY_GLOBALS) {
      Object.defineProperty(globalThis, name, { value: undefined, configurable: true, writable: true });
    }
    return loadLean('axios', import.meta.url, REPLACED);
  } finally {
    for (const [name, descriptor] of kept) {
      if (descriptor) Object.defineProperty(globalThis, name, descriptor);
    }
  }
}
