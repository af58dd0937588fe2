import { AgentError } from '../errors.js';
import type { ConfigValue, Environment } from './config.js';
import type { ConfigLayer } from './layers.js';
import { treeOf } from './tree.js';
import { booleanWord } from './words.js';

interface Mapping {
  path: readonly string[];
  /** The first that is set to something wins. */
  variables: readonly string[];
  type: 'text' | 'boolean' | 'cuda';
}

function text(key: string, ...variables: string[]): Mapping {
  return { path: key.split('.'), variables, type: 'text' };
}

const MAPPINGS: readonly Mapping[] = [
  text('api.api_server', 'CLEARML_API_HOST', 'TRAINS_API_HOST'),
  text('api.files_server', 'CLEARML_FILES_HOST', 'TRAINS_FILES_HOST'),
  text('api.web_server', 'CLEARML_WEB_HOST', 'TRAINS_WEB_HOST'),
  text('api.credentials.access_key', 'CLEARML_API_ACCESS_KEY', 'TRAINS_API_ACCESS_KEY'),
  text('api.credentials.secret_key', 'CLEARML_API_SECRET_KEY', 'TRAINS_API_SECRET_KEY'),
  text('agent.worker_name', 'CLEARML_WORKER_NAME', 'TRAINS_WORKER_NAME'),
  text('agent.worker_id', 'CLEARML_WORKER_ID', 'TRAINS_WORKER_ID'),
];

/** One layer for each mapped variable that is set. */
export function mappedLayers(env: Environment): ConfigLayer[] {
  return MAPPINGS.flatMap((mapping) => {
    const name = mapping.variables.find((variable) => (env[variable] ?? '').trim() !== '');
    if (name === undefined) return [];
    const value = read(mapping, name, (env[name] ?? '').trim());
    return [{ tree: treeOf(mapping.path, value), source: { kind: 'variable', name } }];
  });
}

function read(mapping: Mapping, name: string, value: string): ConfigValue {
  if (mapping.type !== 'boolean') return value;
  const word = booleanWord(value);
  if (word === undefined)
    throw new AgentError('CONFIG_VALUE', `${name}: expected yes or no, found "${value}"`);
  return word;
}
