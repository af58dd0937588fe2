import type { Config, ConfigValue } from '../config/config.js';
import { OPTIONS } from '../config/options/option-table.js';
import { isTree } from '../config/tree.js';
import { VARIABLES } from '../config/variables/variable-table.js';
import { readVariable } from '../config/variables.js';

const SECRET_KEYS: readonly string[] = OPTIONS.filter(({ secret }) => secret).flatMap(
  ({ key, formerly = [] }) => [key, ...formerly],
);
const SECRET_VARIABLES: readonly string[] = VARIABLES.filter(({ secret }) => secret).map(({ name }) => name);

/** Members that are secret in a list of credentials; the others are names and hosts. */
const SECRET_MEMBER = /pass|secret|token|key$/i;

/** Every secret that the configuration and its variables hold, for whoever removes them from logs. */
export function configSecrets(config: Config): string[] {
  const written = SECRET_KEYS.flatMap((key) => secretsOf(config.raw(key) ?? null));
  const variables = SECRET_VARIABLES.flatMap((name) => readVariable(config.env, name)?.value ?? []);
  const urls = config.agent.packageManager.extraIndexUrl.flatMap(passwordOf);
  return [...new Set([...written, ...variables, ...urls])].filter((secret) => secret !== '');
}

function secretsOf(value: ConfigValue): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value === 'number') return [String(value)];
  if (Array.isArray(value)) return value.flatMap((item) => (isTree(item) ? secretMembers(item) : []));
  return isTree(value) ? secretMembers(value) : [];
}

function secretMembers(tree: Record<string, ConfigValue>): string[] {
  return Object.entries(tree).flatMap(([key, value]) => (SECRET_MEMBER.test(key) ? secretsOf(value) : []));
}

/** The password of an address, or the token in place of a user. */
function passwordOf(url: string): string[] {
  const [, user, password] = /^\w+:\/\/([^\s/:@]*)(?::([^\s/@]*))?@/.exec(url) ?? [];
  const secret = password ?? user;
  return secret === undefined ? [] : [secret];
}
