import { findRunOption } from '../run-options/option-table.js';
import { type ArgumentItem, writtenName } from './argument-item.js';

export interface MergeRules {
  /** Switches that no task may use, without dashes. */
  forbidden: readonly string[];
  /** Switches of which only the stronger side's count. */
  protectedNames: readonly string[];
  /** The administrator's arguments come first and are the stronger side. */
  extraFirst: boolean;
}

export interface MergedArguments {
  items: ArgumentItem[];
  /** How many items at the start belong to the stronger side. */
  strong: number;
  /** Forbidden switches that were removed, sorted. */
  stripped: string[];
}

/**
 * Arguments of the task and of the administrator in one list, forbidden and repeated protected ones
 * removed. Names are compared as they are written here: `net` is not `network`. `enforceRules` then closes
 * what another spelling leaves open.
 */
export function mergeArguments(
  task: readonly ArgumentItem[],
  extra: readonly ArgumentItem[],
  rules: MergeRules,
): MergedArguments {
  const sides = {
    task: withoutSwitches(task, rules.forbidden),
    extra: withoutSwitches(extra, rules.forbidden),
  };
  const stripped = [...namesIn(task), ...namesIn(extra)].filter((name) => rules.forbidden.includes(name));
  const [strong, weak] = rules.extraFirst ? [sides.extra, sides.task] : [sides.task, sides.extra];
  const taken = namesIn(strong);
  const kept = withoutSwitches(
    weak,
    rules.protectedNames.filter((name) => taken.has(name)),
  );
  return { items: [...strong, ...kept], strong: strong.length, stripped: [...new Set(stripped)].sort() };
}

/** Removes switches by name, with their values and all bare words after them. */
export function withoutSwitches(items: readonly ArgumentItem[], names: readonly string[]): ArgumentItem[] {
  let removing = false;
  return items.filter((item) => {
    const name = writtenName(item);
    if (name !== undefined) removing = names.includes(name);
    return !removing;
  });
}

export interface EnforcedArguments {
  items: ArgumentItem[];
  /** Long names of what was removed, sorted. */
  forbidden: string[];
  overruled: string[];
}

/**
 * The same rules for every other spelling and alias: `--net` for `--network`, `-u0` for `--user`, letters
 * in one word. Of a protected option, the ones of the side that comes first count.
 *
 * @param strong how many items at the start belong to the stronger side
 */
export function enforceRules(
  items: readonly ArgumentItem[],
  strong: number,
  rules: MergeRules,
): EnforcedArguments {
  const forbidden = new Set(rules.forbidden.map(longName));
  const taken = new Set(items.slice(0, strong).flatMap(longNames));
  const overruled = new Set(rules.protectedNames.map(longName).filter((name) => taken.has(name)));
  const removed = { forbidden: new Set<string>(), overruled: new Set<string>() };
  const kept = items.flatMap((item, at) => {
    const options = item.options.filter(({ option: { name } }) => {
      const list = forbidden.has(name)
        ? 'forbidden'
        : at >= strong && overruled.has(name)
          ? 'overruled'
          : undefined;
      if (list !== undefined) removed[list].add(name);
      return list === undefined;
    });
    if (options.length === item.options.length) return [item];
    return options.map((option) => ({
      ...item,
      options: [option],
      words: [`--${option.option.name}=${option.value}`],
    }));
  });
  return { items: kept, forbidden: [...removed.forbidden].sort(), overruled: [...removed.overruled].sort() };
}

function namesIn(items: readonly ArgumentItem[]): Set<string> {
  return new Set(items.flatMap((item) => writtenName(item) ?? []));
}

function longNames(item: ArgumentItem): string[] {
  return item.options.map(({ option }) => option.name);
}

function longName(name: string): string {
  return findRunOption(name)?.name ?? name;
}
