import { Config, type ConfigTree, type ConfigValue } from '../../src/config/config.js';
import { shippedLayer } from '../../src/config/load.js';
import { setAt, splitKey } from '../../src/config/tree.js';

export interface FlatConfigInput {
  /** Dotted key → value. */
  config?: Record<string, ConfigValue>;
  env?: Record<string, string>;
  /** The mapping is the whole configuration, without what is shipped. */
  complete?: boolean;
}

/** A configuration from a flat mapping, laid over the shipped one. */
export function flatConfig({ config = {}, env = {}, complete = false }: FlatConfigInput): Config {
  const tree: ConfigTree = {};
  for (const [key, value] of Object.entries(config)) setAt(tree, splitKey(key), value);
  return new Config({
    env: { PATH: '/usr/bin:/bin', HOME: '/home/user', LANG: 'C.UTF-8', TZ: 'UTC', ...env },
    base: [...(complete ? [] : [shippedLayer()]), { tree, source: { kind: 'file', name: 'case' } }],
  });
}
