import type { ConfigTree, ConfigValue } from '../../config/config.js';
import { parseHocon } from '../../config/hocon/parse-hocon.js';
import { isTree, valueAt } from '../../config/tree.js';
import { causeLine } from '../../errors.js';

/** What a block copied from the web UI says. */
export interface PastedCredentials {
  accessKey?: string;
  secretKey?: string;
  /** Addresses of the three servers. */
  web?: string;
  api?: string;
  files?: string;
  /** Why nothing could be read. */
  problem?: string;
}

type Field = 'accessKey' | 'secretKey' | 'web' | 'api' | 'files';

/** Where each value is found: as a variable, and as a key of a configuration (in order of preference). */
const FIELDS: Readonly<Record<Field, { variables: RegExp; keys: readonly string[] }>> = {
  accessKey: {
    variables: /^(CLEARML|TRAINS)_API_ACCESS_KEY$/,
    keys: ['api.credentials.access_key', 'credentials.access_key', 'access_key'],
  },
  secretKey: {
    variables: /^(CLEARML|TRAINS)_API_SECRET_KEY$/,
    keys: ['api.credentials.secret_key', 'credentials.secret_key', 'secret_key'],
  },
  web: { variables: /^(CLEARML|TRAINS)_WEB_HOST$/, keys: ['api.web_server', 'web_server'] },
  api: {
    variables: /^(CLEARML|TRAINS)_API_HOST$/,
    keys: ['api.api_server', 'api_server', 'host', 'api.host'],
  },
  files: { variables: /^(CLEARML|TRAINS)_FILES_HOST$/, keys: ['api.files_server', 'files_server'] },
};

/** Forms of the UI and of shells: `export X=y`, `%env X=y`, `set X=y`, `$env:X = "y"`, `X: y`. */
const VARIABLE =
  /^\s*(?:export\s+|%env\s+|set\s+|\$env:|-e\s+)?((?:CLEARML|TRAINS)_[A-Z_]+)\s*[=:\s]\s*(.*?)[\s;,\\]*$/;

/** Reads a block in any of its forms: HOCON, JSON, variables. */
export function readPasted(text: string): PastedCredentials {
  const variables = readVariables(text);
  if (variables.size > 0) return pick((field) => findVariable(variables, FIELDS[field].variables));
  if (text.trim() === '') return {};
  try {
    const { root } = parseHocon(text, { file: 'the pasted text', env: {} });
    const tree = isTree(root) ? root : {};
    return pick((field) =>
      FIELDS[field].keys.map((key) => textAt(tree, key)).find((value) => value !== undefined),
    );
  } catch (error) {
    return { problem: causeLine(error) };
  }
}

function readVariables(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = VARIABLE.exec(line);
    const value = match?.[2]?.replace(/^(['"])(.*)\1$/, '$2') ?? '';
    if (match?.[1] !== undefined && value !== '') found.set(match[1], value);
  }
  return found;
}

function findVariable(variables: ReadonlyMap<string, string>, name: RegExp): string | undefined {
  return [...variables].find(([variable]) => name.test(variable))?.[1];
}

function textAt(tree: ConfigTree, key: string): string | undefined {
  const value: ConfigValue | undefined = valueAt(tree, key.split('.'));
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}

function pick(find: (field: Field) => string | undefined): PastedCredentials {
  const found: PastedCredentials = {};
  for (const field of Object.keys(FIELDS) as Field[]) {
    const value = find(field);
    if (value !== undefined) found[field] = value;
  }
  return found;
}

/**
 * Whether the lines read so far are a whole block, so that the user need not say that it ends: braces that are
 * closed again, variables with keys and server, or an empty line after anything.
 */
export function isWholeBlock(lines: readonly string[]): boolean {
  const text = lines.join('\n');
  if (text.trim() === '') return lines.length > 0;
  if (lines.at(-1)?.trim() === '') return true;
  if (/^\}[ \t]*$/.test(lines.at(-1) ?? '')) return openBraces(text) <= 0;
  if (text.trim().endsWith('}')) return openBraces(text) === 0;
  const { accessKey, secretKey, api } = pick((field) =>
    findVariable(readVariables(text), FIELDS[field].variables),
  );
  return accessKey !== undefined && secretKey !== undefined && api !== undefined;
}

/** Opened and not closed, outside of quotes and comments. */
function openBraces(text: string): number {
  const bare = text.replace(/"(\\.|[^"\\])*"/g, '').replace(/(#|\/\/(?<!:\/\/)).*$/gm, '');
  return [...bare].reduce((depth, letter) => depth + (letter === '{' ? 1 : letter === '}' ? -1 : 0), 0);
}
