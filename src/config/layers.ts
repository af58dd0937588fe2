import type { ConfigTree, ConfigValue } from './config.js';
import type { ConfigSource } from './source.js';
import { isTree, joinKey, mergeTrees, valueAt } from './tree.js';

/** One text, variable or flag that says something about the configuration. */
export interface ConfigLayer {
  tree: ConfigTree;
  source: ConfigSource;
  /** For a text: the file and line of each value, by its dotted key. */
  positions?: ReadonlyMap<string, ConfigPosition>;
}

export interface ConfigPosition {
  file: string;
  line: number;
}

/** What one layer says about a key. */
export interface ConfigClaim {
  value: ConfigValue;
  source: ConfigSource;
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
    if (value !== undefined) found.push({ value, source: sourceIn(layer, path) });
    if (hidesLower(layer, path, value)) break;
  }
  return found;
}

/** A tree lets the members below it through, everything else ends what lower layers say. */
function hidesLower(layer: ConfigLayer, path: readonly string[], value: ConfigValue | undefined): boolean {
  if (value !== undefined) return false;
  return path.slice(0, -1).some((_, i) => {
    const above = valueAt(layer.tree, path.slice(0, i + 1));
    return above !== undefined && !isTree(above);
  });
}

/** The position of the value itself, else of the nearest tree or list that holds it. */
function sourceIn(layer: ConfigLayer, path: readonly string[]): ConfigSource {
  if (layer.positions === undefined) return layer.source;
  for (let length = path.length; length > 0; length -= 1) {
    const position = layer.positions.get(joinKey(path.slice(0, length)));
    if (position === undefined) continue;
    return layer.source.kind === 'vault'
      ? { ...layer.source, line: position.line }
      : { ...layer.source, name: position.file, line: position.line };
  }
  return layer.source;
}
