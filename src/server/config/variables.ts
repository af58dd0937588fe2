import type { ConfigValue, Environment } from '../../config/config.js';
import { parseHocon } from '../../config/hocon/parse-hocon.js';
import type { ConfigLayer } from '../../config/layers.js';
import { isTree, splitKey, treeOf, valueAt } from '../../config/tree.js';
import { AgentError, isAgentError } from '../../errors.js';
import { findServerKey, SERVER_KEYS } from './key-table.js';

const PREFIX = 'CLEARML__';
/** The addresses that the page shows, as JSON. */
const DISPLAYED_URLS = 'WEBSERVER__displayedServerUrls';
const DISPLAYED_KEYS: Readonly<Record<string, string>> = {
  apiServer: 'webserver.displayed_urls.api',
  filesServer: 'webserver.displayed_urls.files',
  webServer: 'webserver.displayed_urls.web',
};

/** What variables say about the configuration, the weakest first. */
export function variableLayers(env: Environment, sections: readonly string[]): ConfigLayer[] {
  return [...namedVariables(env), ...displayedUrls(env), ...pathVariables(env, sections)];
}

/** Variables that the table names for a key; the first that is not empty counts. */
function namedVariables(env: Environment): ConfigLayer[] {
  return SERVER_KEYS.flatMap(({ key, variables = [] }) => {
    const name = variables.find((candidate) => (env[candidate] ?? '') !== '');
    return name === undefined ? [] : [layerOf(name, splitKey(key), env[name] ?? '')];
  });
}

/** @throws AgentError CONFIG_VALUE */
function displayedUrls(env: Environment): ConfigLayer[] {
  const text = env[DISPLAYED_URLS]?.trim() ?? '';
  if (text === '') return [];
  const urls = parsedJson(text);
  if (!isTree(urls))
    throw new AgentError(
      'CONFIG_VALUE',
      `${DISPLAYED_URLS}: expected a JSON object with apiServer and filesServer, found ${JSON.stringify(text)}`,
    );
  return Object.entries(urls).map(([name, value]) => {
    const key = Object.hasOwn(DISPLAYED_KEYS, name) ? DISPLAYED_KEYS[name] : undefined;
    if (key === undefined)
      throw new AgentError(
        'CONFIG_VALUE',
        `${DISPLAYED_URLS}: expected ${Object.keys(DISPLAYED_KEYS).join(', ')}, found "${name}"`,
      );
    return layerOf(DISPLAYED_URLS, splitKey(key), value);
  });
}

/** `CLEARML__SECTION__KEY`, in the order of their names; those of other programs' sections are not for the server. */
function pathVariables(env: Environment, sections: readonly string[]): ConfigLayer[] {
  return Object.keys(env)
    .filter((name) => name.startsWith(PREFIX))
    .sort()
    .flatMap((name) => {
      const path = name.slice(PREFIX.length).toLowerCase().split('__');
      if (path.includes(''))
        throw new AgentError(
          'CONFIG_VALUE',
          `${name}: expected a key after "${PREFIX}", found an empty part`,
        );
      if (!sections.includes(path[0] ?? '')) return [];
      const known = SERVER_KEYS.find(({ key }) => key.toLowerCase() === path.join('.'));
      const at = known === undefined ? path : splitKey(known.key);
      return [layerOf(name, at, variableValue(name, at, env[name] ?? ''))];
    });
}

function layerOf(name: string, path: readonly string[], value: ConfigValue): ConfigLayer {
  return { tree: treeOf(path, value), source: { kind: 'variable', name } };
}

/**
 * The value is JSON; a text needs no quotes. A list or an object may be HOCON. What is a text by its key stays one, so that a
 * secret of digits is not read as a number.
 *
 * @throws AgentError CONFIG_VALUE
 */
function variableValue(name: string, path: readonly string[], text: string): ConfigValue {
  const value = parsedJson(text);
  if (value !== undefined) return isText(path) && typeof value !== 'object' ? textOf(value, text) : value;
  if (!/^\s*[[{]/.test(text)) return text.trim();
  try {
    const { root } = parseHocon(`value: ${text}`, { file: name, env: {} });
    return (isTree(root) ? valueAt(root, ['value']) : undefined) ?? text;
  } catch (error) {
    if (!isAgentError(error, 'CONFIG_SYNTAX')) throw error;
    const [, what = error.message] = /:\d+:\d+: (.*)$/.exec(error.message) ?? [];
    throw new AgentError('CONFIG_VALUE', `${name}: the value does not parse: ${what}`, { cause: error });
  }
}

function textOf(value: ConfigValue, text: string): string {
  return typeof value === 'string' ? value : text.trim();
}

/** Keys of the table with a text as value, and members of the accounts of programs. */
function isText(path: readonly string[]): boolean {
  const type = findServerKey(path.join('.'))?.type;
  return type === 'text' || type === 'path' || (path[0] === 'secure' && path[1] === 'credentials');
}

function parsedJson(text: string): ConfigValue | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
