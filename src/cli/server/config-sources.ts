import type { ConfigValue } from '../../config/config.js';
import { describeSource } from '../../config/source.js';
import { SERVER_KEYS } from '../../server/config/key-table.js';
import type { ServerConfig } from '../../server/config/server-config.js';

/** One line for each key: its value, where it comes from, and what it overrode. Secrets are hidden. */
export function configSources(config: ServerConfig): string {
  const lines = SERVER_KEYS.map((row) => {
    const [inForce, ...others] = config.claims(row.key);
    const value = inForce?.value ?? row.fallback ?? null;
    const shown =
      row.secret === true && inForce !== undefined ? '****' : JSON.stringify(value as ConfigValue);
    const source = inForce === undefined ? 'default' : config.placeOf(row.key);
    const overrode = others.map(({ source: other }) => describeSource(other)).join(', ');
    return `${row.key} = ${shown}  # ${source}${overrode === '' ? '' : `, over ${overrode}`}`;
  });
  return `${[...lines, ...config.notices.map((notice) => `# ${notice}`)].join('\n')}\n`;
}
