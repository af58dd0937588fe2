import { ownMember } from '../os/own-member.js';

/** What `${CLEARML_…}` in arguments may name. */
export interface TemplateValues {
  queue_id?: string;
  queue_name?: string;
  worker_id?: string;
  project?: { id?: string; name?: string };
  task?: unknown;
  user?: unknown;
  /** The agent's configuration. */
  config?: unknown;
  vaults?: unknown;
  /** What the token says about identity providers. */
  providers?: unknown;
}

/**
 * Replaces `${CLEARML_NAME}` and `$CLEARML_NAME` in a text. A name is a simple one (`QUEUE_ID`, `QUEUE_NAME`,
 * `WORKER_ID`, `PROJECT_ID`, `PROJECT_NAME`) or a dotted path into `TASK`, `USER`, `CONFIG`, `USER_VAULTS`,
 * `PROVIDERS_INFO`; `:text` after it is the default; `|lower`, `|capitalize`, `|strip`
 * and `|raw` change the result. Line ends are removed unless `raw`. What has no value stays as it is; so do
 * secrets of the configuration and of vaults, which a task must not read.
 *
 * @param separator between the members of a list
 */
export function resolveTemplate(text: string, values: TemplateValues, separator = ','): string {
  return text.replace(REFERENCE, (whole, braced?: string, bare?: string) => {
    const expression = braced ?? bare;
    return expression === undefined ? whole : (evaluate(expression, values, separator) ?? whole);
  });
}

/** The same for each word of a list; words without a reference are not touched. */
export function resolveTemplates(words: readonly string[], values: TemplateValues): string[] {
  return words.map((word) => resolveTemplate(word, values));
}

/** A doubled dollar is no reference. */
const REFERENCE = /\$\$|\$\{CLEARML_([\w.:|]+)\}|\$CLEARML_([\w.:|]+)/g;

const OPERATORS: Readonly<Record<string, (text: string) => string>> = {
  lower: (text) => text.toLowerCase(),
  strip: (text) => text.trim(),
  capitalize: (text) => text.charAt(0).toUpperCase() + text.slice(1).toLowerCase(),
  raw: (text) => text,
};

function evaluate(expression: string, values: TemplateValues, separator: string): string | undefined {
  // The original drops what stands before the first bar, so `|PATH|lower` is in use as well as `PATH|lower`.
  const [reference = '', ...operators] = expression.replace(/^\|/, '').split('|');
  const colon = reference.indexOf(':');
  const path = colon < 0 ? reference : reference.slice(0, colon);
  const otherwise = colon < 0 ? '' : reference.slice(colon + 1);
  const found = lookUp(path.split('.'), values);
  if (found === 'wrong') return undefined;
  const value = found === 'missing' ? otherwise || undefined : asText(found.value, separator);
  if (value === undefined) return undefined;
  const changed = operators.reduce((text, name) => ownMember(OPERATORS, name)?.(text) ?? text, value);
  return operators.includes('raw') ? changed : changed.replace(/[\r\n]/g, '');
}

type Found = { value: unknown } | 'missing' | 'wrong';

function lookUp(path: readonly string[], values: TemplateValues): Found {
  const [root = '', ...rest] = path;
  if (Object.hasOwn(SIMPLE, root)) return rest.length > 0 ? 'wrong' : present(SIMPLE[root]?.(values));
  const tree = ownMember(TREES, root);
  if (tree === undefined || rest.length === 0) return 'wrong';
  if ((root === 'CONFIG' || root === 'USER_VAULTS') && rest.some(isSecretName)) return 'wrong';
  return walk(tree(values), rest);
}

const SIMPLE: Readonly<Record<string, (values: TemplateValues) => unknown>> = {
  QUEUE_ID: ({ queue_id }) => queue_id,
  QUEUE_NAME: ({ queue_name }) => queue_name,
  WORKER_ID: ({ worker_id }) => worker_id,
  PROJECT_ID: ({ project }) => project?.id ?? 'unknown',
  PROJECT_NAME: ({ project }) => project?.name ?? 'unknown',
};

const TREES: Readonly<Record<string, (values: TemplateValues) => unknown>> = {
  TASK: ({ task }) => task,
  USER: ({ user }) => user,
  CONFIG: ({ config }) => config,
  USER_VAULTS: ({ vaults }) => vaults,
  PROVIDERS_INFO: ({ providers }) => providers,
};

function walk(tree: unknown, path: readonly string[]): Found {
  let value = tree;
  for (const part of path) {
    if (value === undefined || value === null) return 'missing';
    if (typeof value !== 'object' || Array.isArray(value)) return 'wrong';
    value = Object.entries(value).find(([key]) => key === part)?.[1];
  }
  return present(value);
}

function present(value: unknown): Found {
  return value === undefined || value === null ? 'missing' : { value };
}

function asText(value: unknown, separator: string): string | undefined {
  if (Array.isArray(value)) {
    const members = value.map((member) => (Array.isArray(member) ? undefined : asText(member, separator)));
    return members.includes(undefined) ? undefined : members.join(separator);
  }
  return typeof value === 'object' ? undefined : String(value);
}

/** Names under which secrets are kept. */
export function isSecretName(name: string): boolean {
  return /secret|passw|_pass$|^pass$|token|credential|account_key|private_key|api_key|access_key/i.test(name);
}
