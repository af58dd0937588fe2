import type { Environment } from './config.js';

/** The environment of this process as it is now; the one place where it is read. */
export function processEnvironment(): Environment {
  return { ...process.env };
}
