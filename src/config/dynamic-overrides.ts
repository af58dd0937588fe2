import type { Environment } from './config.js';
import { parseHocon } from './hocon/parse-hocon.js';
import type { ConfigLayer } from './layers.js';
import { isTree } from './tree.js';

const PREFIX = 'CLEARML_AGENT__';

/** One layer for each `CLEARML_AGENT__SECTION__KEY` variable, in the order of their names. */
export function dynamicLayers(env: Environment): ConfigLayer[] {
  return Object.keys(env)
    .filter((name) => name.startsWith(PREFIX) && env[name] !== undefined)
    .sort()
    .map((name) => {
      const key = name.slice(PREFIX.length).replaceAll('__', '.').toLowerCase();
      const { root } = parseHocon(`${key}: ${env[name]}`, { file: name, env });
      return { tree: isTree(root) ? root : {}, source: { kind: 'variable', name } };
    });
}
