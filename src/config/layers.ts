import type { ConfigTree, ConfigValue } from './config.js';
import type { ConfigSource } from './source.js';
import { isTree, joinKey, mergeTrees, valueAt } from './tree.js';

/** One text, variable or flag that says something about the configuration. */
export interface ConfigLayer {
  tree: ConfigTree;
  source: ConfigSource;
  /** For a text: the place of each value, by its dotted key. */
  positions?: ReadonlyMap<string, ConfigPosition>;
}

export interface ConfigPosition {
  file: string;
  /** Counted from 1. */
  line: number;
  /** A number as it was written, where JavaScript would write it differently: `3.10`, `11.0`. */
  written?: string;
}

/** What one layer says about a key. */
export interface ConfigClaim {
  value: ConfigValue;
  source: ConfigSource;
  written?: string;
}

export const NO_SOURCE: ConfigSource = { kind: 'none', name: '' };

/** The layers laid over each other, lowest first. */
export function mergeLayers(layers: readonly ConfigLayer[]): ConfigTree {
  return layers.reduce<ConfigTree>((below, layer) => mergeTrees(below, layer.tree), {});
}

/** Every layer that has a value at the path, highest first: the first is in force, the others are overridden. */
export function claims(layers: readonly ConfigLayer[], path: readonly string[]): ConfigClaim[] {
  const found: ConfigClaim[] = [];
  for (const layer of layers.toReversed()) {
    const value = valueAt(layer.tree, path);
    if (value !== undefined) found.push(claimOf(layer, path, value));
    else if (isCutOff(layer.tree, path)) break;
  }
  return found;
}

/** The layer has a plain value above the path, so nothing of the layers below it is left there. */
function isCutOff(tree: ConfigTree, path: readonly string[]): boolean {
  return path.some((_, length) => {
    const above = length === 0 ? undefined : valueAt(tree, path.slice(0, length));
    return above !== undefined && !isTree(above);
  });
}

/** The position of the value itself, else of what holds it, else of the first value in it. */
function claimOf(layer: ConfigLayer, path: readonly string[], value: ConfigValue): ConfigClaim {
  const { source, positions } = layer;
  for (let length = path.length; positions !== undefined && length > 0; length -= 1) {
    const position = positions.get(joinKey(path.slice(0, length)));
    if (position === undefined) continue;
    const { file, line, written } = position;
    return {
      value,
      source: placed(source, file, line),
      ...(written === undefined || length < path.length ? {} : { written }),
    };
  }
  const within = `${joinKey(path)}.`;
  const [, first] = [...(positions ?? [])].find(([key]) => key.startsWith(within)) ?? [];
  return { value, source: first === undefined ? source : placed(source, first.file, first.line) };
}

function placed(source: ConfigSource, file: string, line: number): ConfigSource {
  if (source.kind === 'file') return { ...source, name: file, line };
  return source.kind === 'vault' ? { ...source, line } : source;
}
