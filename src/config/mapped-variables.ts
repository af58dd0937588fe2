import { AgentError } from '../errors.js';
import type { ConfigValue, Environment } from './config.js';
import type { ConfigLayer } from './layers.js';
import { readList } from './lists.js';
import type { Option } from './options/option.js';
import { OPTIONS } from './options/option-table.js';
import { splitKey, treeOf } from './tree.js';
import { type FoundVariable, readVariable } from './variables.js';
import { booleanWord } from './words.js';

const MAPPED: readonly Option[] = OPTIONS.filter((option) => option.variables !== undefined);

/** One layer for each variable that maps to a key and is set. */
export function mappedLayers(env: Environment): ConfigLayer[] {
  return MAPPED.flatMap((option) => {
    const found = readVariable(env, option.variables?.[0] ?? '');
    if (found === undefined) return [];
    const tree = treeOf(splitKey(option.key), read(option, found));
    return [{ tree, source: { kind: 'variable', name: found.name } }];
  });
}

function read(option: Option, found: FoundVariable): ConfigValue {
  const { name, value } = found;
  const word = booleanWord(value);
  switch (option.type) {
    case 'boolean':
      if (word !== undefined) return word;
      throw new AgentError('CONFIG_VALUE', `${name}: expected yes or no, found "${value}"`);
    case 'any':
      return word ?? value;
    case 'names':
      return readList(value, 'names');
    case 'texts':
    case 'words':
    case 'list':
      return readList(value, 'words');
    default:
      return value;
  }
}
