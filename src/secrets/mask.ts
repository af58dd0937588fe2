import { isDeepStrictEqual } from 'node:util';
import type { Config, ConfigTree, ConfigValue } from '../config/config.js';
import { findOption } from '../config/options/option-table.js';
import { isTree, joinKey, setMember } from '../config/tree.js';
import { splitWords } from '../os/shell-words.js';

export const MASK = '****';

/** Words of a container command with its secrets hidden. */
export type CommandMask = (words: readonly string[]) => string[];

interface Rules {
  shown: RegExp[];
  hidden: RegExp[];
  hiddenMembers: RegExp[];
  commands: RegExp[];
  urls: RegExp[];
  maskCommand: CommandMask;
}

/** The whole configuration as it may be shown. The rules are those of `agent.sanitize_config_printout`. */
export function maskedTree(config: Config, maskCommand: CommandMask = hideVariables): ConfigTree {
  return maskMembers(config.all, [], rulesOf(config, maskCommand));
}

function rulesOf(config: Config, maskCommand: CommandMask): Rules {
  const lists = config.agent.sanitizeConfigPrintout;
  return {
    shown: lists.dontHideSecrets.map(pattern),
    hidden: lists.hideSecrets.map(pattern),
    hiddenMembers: lists.hideSecretsRecursive.map(pattern),
    commands: lists.dockerCommands.map(pattern),
    urls: lists.urls.map(pattern),
    maskCommand,
  };
}

/** A text that is no regular expression is looked for as it is. */
function pattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch {
    return new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  }
}

function maskMembers(tree: ConfigTree, path: readonly string[], rules: Rules): ConfigTree {
  const masked: ConfigTree = {};
  for (const [key, value] of Object.entries(tree)) {
    setMember(masked, key, maskMember([...path, key], value, rules));
  }
  return masked;
}

function maskMember(path: readonly string[], value: ConfigValue, rules: Rules): ConfigValue {
  const key = path.at(-1) ?? '';
  const matches = (list: readonly RegExp[]) => list.some((one) => one.test(key));
  if (!matches(rules.shown)) {
    if (isSecret(path, value, matches(rules.hidden))) return MASK;
    if (matches(rules.hiddenMembers)) return hideMembers(value);
  }
  if (matches(rules.commands) || isCommand(path)) return maskCommands(value, rules.maskCommand);
  if (matches(rules.urls)) return mapTexts(value, maskUrlPassword);
  return maskDeeper(path, value, rules);
}

/** An empty value is no secret, and neither is a number such as how long a token lives. */
function isSecret(path: readonly string[], value: ConfigValue, isNamedSecret: boolean): boolean {
  if (value === '' || value === null || (Array.isArray(value) && value.length === 0)) return false;
  const option = findOption(joinKey(path));
  if (option?.secret) return true;
  return isNamedSecret && !(option !== undefined && typeof value === 'number');
}

/** Arguments of containers that the configured rules do not name: those of the default image and of its rules. */
function isCommand(path: readonly string[]): boolean {
  return path[1] === 'default_docker' && /^(?:image|arguments)$/.test(path.at(-1) ?? '');
}

/** A text that holds no secret stays as it is written. */
function maskCommands(value: ConfigValue, maskCommand: CommandMask): ConfigValue {
  if (Array.isArray(value)) return maskCommand(value.map(String));
  if (typeof value !== 'string') return value;
  const words = splitWords(value);
  const masked = maskCommand(words);
  return isDeepStrictEqual(words, masked) ? value : masked.join(' ');
}

function hideMembers(value: ConfigValue): ConfigValue {
  if (!isTree(value)) return MASK;
  return Object.fromEntries(Object.keys(value).map((name) => [name, MASK]));
}

function maskDeeper(path: readonly string[], value: ConfigValue, rules: Rules): ConfigValue {
  if (Array.isArray(value)) return value.map((item, i) => maskDeeper([...path, String(i)], item, rules));
  return isTree(value) ? maskMembers(value, path, rules) : value;
}

function mapTexts(value: ConfigValue, change: (text: string) => string): ConfigValue {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change));
  if (!isTree(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, mapTexts(member, change)]));
}

/** `scheme://user:password@host` without the password; a token in place of the user is one too. */
function maskUrlPassword(text: string): string {
  return text.replace(/(\w+:\/\/)(?:([^\s/:@]*):)?[^\s/@]+@/g, (_, scheme: string, user?: string) => {
    return user === undefined ? `${scheme}${MASK}@` : `${scheme}${user}:${MASK}@`;
  });
}

/** Without better knowledge of the command: every value of a variable is hidden. */
function hideVariables(words: readonly string[]): string[] {
  return words.map((word, i) => {
    const isPair = /^(?:-e|--env)$/.test(words[i - 1] ?? '') || /^(?:-e\s*|--env[=\s]\s*)\w+=/.test(word);
    const shown = isPair ? word.replace(/^((?:-e\s*|--env[=\s]\s*)?[^=]*=)[\s\S]*$/, `$1${MASK}`) : word;
    return maskUrlPassword(shown);
  });
}
