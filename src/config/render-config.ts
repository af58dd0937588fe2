import { type CommandMask, MASK, maskedTree } from '../secrets/mask.js';
import type { Config, ConfigValue } from './config.js';
import { findOption } from './options/option-table.js';
import { describeSource } from './source.js';
import { isTree, joinKey, splitKey, valueAt } from './tree.js';

export interface RenderOptions {
  /** Version of the agent, for the heading. */
  version: string;
  /** Add to each value where it comes from and what it overrode. */
  sources?: boolean;
  /** How the secrets of container commands are hidden. */
  maskCommand?: CommandMask;
}

/** The merged configuration with secrets masked: one line a value, `key = value`, an empty line at the end. */
export function renderConfig(config: Config, options: RenderOptions): string {
  const masked = maskedTree(config, options.maskCommand);
  const lines = leafLines(masked, []).map(({ path, top, text: plain }) => {
    const text = path === top ? numberText(config, joinKey(top), plain) : plain;
    const line = `${path.join('.')} = ${text}`;
    return options.sources ? `${line}  # ${sourceText(config, top, text === MASK)}` : line;
  });
  const location = config.files.at(-1) ?? 'None';
  return [
    `Current configuration (clearml_agent v${options.version}, location: ${location}):`,
    '----------------------',
    ...lines,
    '',
    '',
  ].join('\n');
}

/** The value at a key as it may be shown; `undefined` when the key is not set. */
export function shownValue(config: Config, key: string, maskCommand?: CommandMask): ConfigValue | undefined {
  return valueAt(maskedTree(config, maskCommand), splitKey(key));
}

/** A number as it was written; one that may have a fraction shows that it may. */
function numberText(config: Config, key: string, plain: string): string {
  const written = config.claims(key)[0]?.written;
  if (written !== undefined) return written;
  return findOption(key)?.type === 'number' && /^\d+$/.test(plain) ? `${plain}.0` : plain;
}

interface LeafLine {
  path: string[];
  /** The path of the key that holds the value, without positions in lists. */
  top: string[];
  text: string;
}

/** Null and what is empty have no line. */
function leafLines(value: ConfigValue, path: string[], top = path): LeafLine[] {
  if (value === null) return [];
  if (Array.isArray(value)) return value.flatMap((item, i) => leafLines(item, [...path, String(i)], top));
  if (!isTree(value)) return [{ path, top, text: propertyText(value) }];
  const isInList = top.length < path.length;
  return Object.entries(value).flatMap(([key, member]) => {
    const below = [...path, key];
    return leafLines(member, below, isInList ? top : below);
  });
}

/** As in a properties file. */
function propertyText(value: string | number | boolean): string {
  if (typeof value !== 'string') return String(value);
  return value.replace(/[=!#]/g, String.raw`\$&`).replaceAll('\n', '\\\n');
}

function sourceText(config: Config, path: readonly string[], isMasked: boolean): string {
  const [inForce, ...others] = config.claims(joinKey(path));
  if (inForce === undefined) return describeSource(config.source(joinKey(path)));
  const overrode = others.map(({ source, value }) => {
    const shown = isMasked || typeof value === 'object' ? '' : ` (${propertyText(value)})`;
    return `${describeSource(source)}${shown}`;
  });
  return [describeSource(inForce.source), ...overrode].join(', over ');
}
