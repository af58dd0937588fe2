import { AgentError, isAgentError } from '../errors.js';
import type { ConfigTree, Environment } from './config.js';
import { parseHocon } from './hocon/parse-hocon.js';
import type { ConfigLayer, ConfigPosition } from './layers.js';
import { isTree, treeOf } from './tree.js';

const PREFIX = 'CLEARML_AGENT__';

/** A text with a letter that the language reserves, and nothing that begins a quote, a list or an object. */
const RESERVED_LETTERS = /^[^"{}[\],\n]+$/;

export interface DynamicOverride {
  tree: ConfigTree;
  positions?: ReadonlyMap<string, ConfigPosition>;
  /** The value does not parse and is taken as the text that it is. */
  plain: boolean;
}

/** One layer for each `CLEARML_AGENT__SECTION__KEY` variable, in the order of their names. */
export function dynamicLayers(env: Environment): ConfigLayer[] {
  return Object.keys(env)
    .filter((name) => name.startsWith(PREFIX))
    .sort()
    .flatMap((name): ConfigLayer[] => {
      const value = env[name];
      if (value === undefined) return [];
      const { tree, positions } = readOverride(name, value, env);
      return [
        { tree, source: { kind: 'variable', name }, ...(positions === undefined ? {} : { positions }) },
      ];
    });
}

/**
 * What one variable says. `__` in its name is a dot and the value is HOCON. A text without quotes that
 * holds letters such as `@` or `!` is a text all the same, although HOCON wants quotes for it.
 *
 * @throws AgentError CONFIG_VALUE that names the variable
 */
export function readOverride(name: string, value: string, env: Environment): DynamicOverride {
  const key = name.slice(PREFIX.length).replaceAll('__', '.').toLowerCase();
  const path = key.split('.').filter((part) => part !== '');
  if (path.length === 0)
    throw new AgentError('CONFIG_VALUE', `${name}: expected a key after "${PREFIX}", found none`);
  try {
    const { root, positions } = parseHocon(`${key}: ${value}`, { file: name, env });
    return { tree: isTree(root) ? root : {}, positions, plain: false };
  } catch (error) {
    if (!isAgentError(error, 'CONFIG_SYNTAX')) throw error;
    const text = value.trim();
    if (RESERVED_LETTERS.test(text) && !text.includes('${')) return { tree: treeOf(path, text), plain: true };
    throw unreadable(name, error, key.length + 2);
  }
}

/** The column counts from the beginning of the value, which is what the user sees. */
function unreadable(name: string, error: AgentError, before: number): AgentError {
  const [, line, column, what] = /:(\d+):(\d+): (.*)$/.exec(error.message) ?? [];
  const at = line === '1' ? `at letter ${Number(column) - before}` : `in line ${line}`;
  return new AgentError('CONFIG_VALUE', `${name}: ${what} ${at} of the value`, {
    hint: `Put the value in quotes: ${name}='"…"'`,
    cause: error,
  });
}
