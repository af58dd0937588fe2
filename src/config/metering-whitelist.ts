import type { ConfigValue } from './config.js';
import { type ConfigLayer, mergeLayers } from './layers.js';
import { isTree, treeOf, valueAt } from './tree.js';

const RULES = ['agent', 'snug', 'whitelist', 'rules'];

/**
 * The one list that is united across layers: the rules of a higher tier come first and hide the lower rules
 * for the same hosts, so that a user's file can add hosts but not change those of the administrator.
 *
 * @param tiers lowest first; only the first one may be edited by users
 */
export function whitelistUnion(tiers: readonly (readonly ConfigLayer[])[]): ConfigLayer[] {
  const lists = tiers.map(rulesOf);
  const top = tiers.flat().findLast((layer) => valueAt(layer.tree, RULES) !== undefined);
  if (top === undefined || lists.slice(1).every((rules) => rules.length === 0)) return [];
  const united: ConfigValue[] = [];
  const hosts = new Set<string>();
  for (const rules of lists.toReversed()) {
    const added = rules.filter((rule) => !hosts.has(hostOf(rule)));
    for (const rule of added) hosts.add(hostOf(rule));
    united.push(...added);
  }
  return [{ tree: treeOf(RULES, united), source: top.source }];
}

function rulesOf(tier: readonly ConfigLayer[]): ConfigValue[] {
  const rules = valueAt(mergeLayers(tier), RULES);
  return Array.isArray(rules) ? rules : [];
}

function hostOf(rule: ConfigValue): string {
  const host = isTree(rule) ? rule.host : undefined;
  return typeof host === 'string' ? host.toLowerCase() : '';
}
