import path from 'node:path';
import { stringify } from 'smol-toml';
import { withoutLogin } from './freeze.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Variables of uv that name indexes. Before uv 0.4.23 the last two were the only ones. */
const VARIABLES = [
  'UV_DEFAULT_INDEX',
  'UV_INDEX',
  'UV_FIND_LINKS',
  'UV_INDEX_URL',
  'UV_EXTRA_INDEX_URL',
] as const;

export interface UvIndexes {
  /** To lay over the environment of uv. */
  env: Record<string, string | undefined>;
  /** Text of a `uv.toml` with the indexes; `undefined` where the variables may name them. */
  file: string | undefined;
}

/**
 * Builds inherit the variables of uv. Where an index has a login in its address, a file names the indexes instead,
 * unless a setting of the operator keeps uv from reading it.
 *
 * @param variables what uv gets besides `env`
 * @param env environment of uv otherwise
 * @param cwd folder where relative paths start
 */
export function uvIndexes(
  variables: Readonly<Record<string, string>>,
  env: Environment,
  cwd: string | undefined,
): UvIndexes {
  const value = (name: (typeof VARIABLES)[number]): string => variables[name] ?? env[name] ?? '';
  const words = (name: (typeof VARIABLES)[number], between: RegExp): string[] =>
    value(name)
      .split(between)
      .filter((word) => word !== '');
  const isRead = !env.UV_NO_CONFIG && !env.UV_CONFIG_FILE;
  if (!isRead || VARIABLES.every((name) => withoutLogin(value(name)) === value(name)))
    return { env: variables, file: undefined };
  const located = (text: string): string =>
    cwd === undefined || /^(?:[a-z][a-z\d+.-]*:|\/)/i.test(text) ? text : path.posix.join(cwd, text);
  const entry = (text: string) => {
    const [, name, url = text] = /^([\w.-]+)=(.+)$/.exec(text) ?? [];
    return { ...(name === undefined ? {} : { name }), url: located(url) };
  };
  const [first = value('UV_INDEX_URL')] = [value('UV_DEFAULT_INDEX')].filter((text) => text !== '');
  const links = words('UV_FIND_LINKS', /,/);
  const file = stringify({
    ...(links.length === 0 ? {} : { 'find-links': links.map(located) }),
    index: [
      ...[...words('UV_INDEX', /\s+/), ...words('UV_EXTRA_INDEX_URL', /\s+/)].map(entry),
      ...(first === '' ? [] : [{ ...entry(first), default: true }]),
    ],
  });
  return { env: { ...variables, ...Object.fromEntries(VARIABLES.map((name) => [name, undefined])) }, file };
}
