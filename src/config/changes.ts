import { isDeepStrictEqual } from 'node:util';
import { maskedTree } from '../secrets/mask.js';
import type { Config, ConfigTree, ConfigValue } from './config.js';
import { joinKey, leaves, valueAt } from './tree.js';

export interface ConfigChange {
  key: string;
  /** As it may be shown; `undefined`: the key was, or is, not set. */
  before: ConfigValue | undefined;
  after: ConfigValue | undefined;
}

/** What differs between two configurations, secrets masked. */
export function configChanged(old: Config, fresh: Config): ConfigChange[] {
  const [before, after] = [maskedTree(old), maskedTree(fresh)];
  return changedPaths(old.all, fresh.all).map((path) => ({
    key: joinKey(path),
    before: valueAt(before, path),
    after: valueAt(after, path),
  }));
}

/** A change in the words of the log: `agent.git_user: "a" → "b"`. */
export function describeChange({ key, before, after }: ConfigChange): string {
  const text = (value: ConfigValue | undefined) => (value === undefined ? 'not set' : JSON.stringify(value));
  return `${key}: ${text(before)} → ${text(after)}`;
}

function changedPaths(old: ConfigTree, fresh: ConfigTree): string[][] {
  const paths = new Map([...leaves(old), ...leaves(fresh)].map(([path]) => [joinKey(path), path]));
  return [...paths.values()].filter((path) => !isDeepStrictEqual(valueAt(old, path), valueAt(fresh, path)));
}
