import type { Config } from '../config.js';

/**
 * The effective configuration for a child process that reads `clearml.conf`: plain JSON, which is HOCON too.
 * It holds secrets: whoever writes it keeps it from other users.
 */
export function configJson(config: Config): string {
  return `${JSON.stringify(config.all, null, 4)}\n`;
}
