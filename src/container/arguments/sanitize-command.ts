import { type ArgumentItem, withValue } from './argument-item.js';
import { parseArguments } from './parse-arguments.js';
import { splitElements } from './split-elements.js';

export interface HidingRules {
  enabled: boolean;
  /** Further names; `*` and `?` stand for any letters and one letter. */
  extraNames: readonly string[];
  /** Also hide passwords in addresses. */
  urls: boolean;
}

const MASK = '********';

/** Variables that always hold a secret. */
const HIDDEN_NAMES = [
  'CLEARML_AGENT_GIT_PASS',
  'TRAINS_AGENT_GIT_PASS',
  'CLEARML_API_SECRET_KEY',
  'TRAINS_API_SECRET_KEY',
  'AWS_SECRET_ACCESS_KEY',
  'AZURE_STORAGE_KEY',
  'CLEARML_AUTH_TOKEN',
];

/** Variables whose value is an image, perhaps followed by docker arguments. */
const IMAGE_NAMES = ['CLEARML_DOCKER_IMAGE', 'TRAINS_DOCKER_IMAGE'];

/**
 * A command as it may be shown: values of secret variables and passwords in addresses masked, however the
 * option is spelled. The command itself is not changed.
 */
export function sanitizeCommand(words: readonly string[], rules: HidingRules): string[] {
  if (!rules.enabled) return [...words];
  const names = [...HIDDEN_NAMES, ...rules.extraNames].map(namePattern);
  return parseArguments(splitElements(words)).flatMap((item) => sanitizeItem(item, names, rules).words);
}

function sanitizeItem(item: ArgumentItem, names: readonly RegExp[], rules: HidingRules): ArgumentItem {
  const last = item.options.at(-1);
  if (last?.option.name === 'env' && last.value.includes('=')) {
    return withValue(item, sanitizePair(last.value, names, rules));
  }
  if (item.options.length === 0) {
    const shown = item.words.map((word) => maskAssignments(word, names));
    return { ...item, words: rules.urls ? shown.map(maskUrls) : shown };
  }
  const hasValue = last !== undefined && last.value !== 'true';
  return rules.urls && hasValue ? withValue(item, maskUrls(last.value)) : item;
}

/** In what is no option of its own: `--env NAME=value` in one word, a flag that Docker does not have. */
function maskAssignments(word: string, names: readonly RegExp[]): string {
  return word.replace(/\S+/g, (part) => {
    const pieces = part.split('=');
    const at = pieces.findIndex((piece) => names.some((pattern) => pattern.test(piece)));
    if (at < 0 || at === pieces.length - 1) return part;
    return [...pieces.slice(0, at + 1), MASK].join('=');
  });
}

function sanitizePair(pair: string, names: readonly RegExp[], rules: HidingRules): string {
  const at = pair.indexOf('=');
  const name = pair.slice(0, at).trim();
  const value = pair.slice(at + 1);
  if (IMAGE_NAMES.includes(name)) return `${name}=${sanitizeCommand(value.split(/\s/), rules).join(' ')}`;
  if (names.some((pattern) => pattern.test(name))) return `${name}=${MASK}`;
  return rules.urls ? `${name}=${maskUrls(value)}` : pair;
}

function namePattern(name: string): RegExp {
  const escaped = name.replace(/[.+^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`);
}

/**
 * Hides the password of every `scheme://user:password@host` in a text. Line ends and tabs become blanks in
 * a text that had one, as it is shown on one line.
 */
export function maskUrls(text: string): string {
  const masked = text.replace(
    /([a-z][a-z\d+.-]*)(:\/\/[^\s/?#:@]*):[^\s/?#]*@/gi,
    (_, scheme: string, user: string) => `${scheme.toLowerCase()}${user}:${MASK}@`,
  );
  return masked === text ? text : masked.replace(/\s/g, ' ');
}
