import { Config, type ConfigTree, type ConfigValue } from '../../src/config/config.js';
import { shippedLayer } from '../../src/config/load.js';
import { setAt, splitKey } from '../../src/config/tree.js';

/** The configuration of a test: dotted keys over the shipped defaults. */
export function caseConfig(
  values: Readonly<Record<string, ConfigValue>> = {},
  env: Readonly<Record<string, string | undefined>> = {},
): Config {
  const tree: ConfigTree = {};
  for (const [key, value] of Object.entries(values)) setAt(tree, splitKey(key), value);
  return new Config({ env, base: [shippedLayer(), { tree, source: { kind: 'file', name: 'test.conf' } }] });
}
