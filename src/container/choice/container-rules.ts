import type { TaskContainer, TaskRecord } from '../../api/task-record.js';
import type { ConfigTree, ConfigValue } from '../../config/config.js';
import { BoundedPattern, SlowPatternError } from '../../os/bounded-pattern.js';
import { normalName, parseRequirement } from '../../packaging/requirement.js';
import { parseRequirementList } from '../../packaging/requirement-list.js';
import { rangesOverlap } from '../../packaging/version-range.js';

/** A rule of `agent.default_docker.match_rules`. */
export interface ContainerRule {
  match: ConfigTree;
  image: string;
  arguments: string | string[];
  setupScript: string;
  /** Replaces all that the task asks for, also by nothing. */
  forced: boolean;
  /** Write what was chosen to the task; `undefined`: the section's own setting. */
  updateBack: boolean | undefined;
}

export interface MatchedRule {
  rule: ContainerRule;
  /** Place in the list, from 0. */
  index: number;
}

/** What rules compare. */
export interface RuleFacts {
  task: TaskRecord;
  /** Full name of the task's project; `undefined` when it cannot be seen. */
  projectName: string | undefined;
  /** Told about a rule that cannot be used. */
  warn(text: string): void;
}

/** Reads the list of the configuration; entries that are no rules are left out. */
export function readContainerRules(rules: readonly ConfigValue[]): ContainerRule[] {
  return rules.map((entry) => {
    const tree = treeOf(entry);
    return {
      match: treeOf(tree.match),
      image: textOf(tree.image),
      arguments: Array.isArray(tree.arguments) ? tree.arguments.map(textOf) : textOf(tree.arguments),
      setupScript: Array.isArray(tree.setup_shell_script)
        ? tree.setup_shell_script.map(textOf).join('\n')
        : textOf(tree.setup_shell_script),
      forced: tree.force_container_rules === true,
      updateBack: typeof tree.update_back_task === 'boolean' ? tree.update_back_task : undefined,
    };
  });
}

/** The first rule of which every condition holds. */
export function matchRule(rules: readonly ContainerRule[], facts: RuleFacts): MatchedRule | undefined {
  const index = rules.findIndex((rule) => ruleHolds(rule, facts));
  const rule = rules[index];
  return rule === undefined ? undefined : { rule, index };
}

/** The values of a task that a condition may name, by its dotted key. */
function valuesOf({ task, projectName }: RuleFacts): Record<string, string | undefined> {
  return {
    project: projectName,
    project_id: task.project ?? undefined,
    user_id: task.user,
    container: task.container?.image?.trim() ?? '',
    'script.repository': task.script?.repository ?? '',
    'script.branch': task.script?.branch ?? '',
    'script.binary': task.script?.binary ?? '',
  };
}

function ruleHolds(rule: ContainerRule, facts: RuleFacts): boolean {
  const conditions = [...conditionsOf(rule.match)];
  if (conditions.length === 0) return false;
  const values = valuesOf(facts);
  const known = conditions.filter(
    ([key]) => key in values || key === 'tags' || key.startsWith('script.requirements.'),
  );
  if (known.length === 0) {
    facts.warn(`container rule for image "${rule.image}" has no condition that is known, so it is not used`);
    return false;
  }
  try {
    return known.every(([key, wanted]) => conditionHolds(key, wanted, values, facts));
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof SlowPatternError)) throw error;
    facts.warn(`container rule for image "${rule.image}" cannot be used: ${error.message}`);
    return false;
  }
}

/** Conditions by dotted key, written nested or dotted; empty ones ask for nothing. */
function* conditionsOf(tree: ConfigTree, above = ''): Generator<[string, ConfigValue]> {
  for (const [key, value] of Object.entries(tree)) {
    const path = above + key;
    if (isTree(value) && !/^script\.requirements\.\w+$/.test(path)) yield* conditionsOf(value, `${path}.`);
    else if (!isEmpty(value)) yield [path, value];
  }
}

function conditionHolds(
  key: string,
  wanted: ConfigValue,
  values: Record<string, string | undefined>,
  { task }: RuleFacts,
): boolean {
  const requirements = /^script\.requirements\.(pip|conda)$/.exec(key)?.[1];
  if (requirements !== undefined) {
    return requirementsMatch(treeOf(wanted), task.script?.requirements?.[requirements]);
  }
  const expressions = (Array.isArray(wanted) ? wanted : [wanted]).map(
    (text) => new BoundedPattern(textOf(text)),
  );
  if (key === 'tags') return expressions.every((one) => task.tags?.some((tag) => one.test(tag)));
  const value = values[key];
  return value !== undefined && expressions.every((one) => one.test(value));
}

/** What the task asks for with the rule's parts laid in: where it asks for nothing, or all when forced. */
export function applyRule(own: TaskContainer, rule: ContainerRule): AppliedRule {
  const keeps = (text: string | null | undefined) => !rule.forced && text;
  return {
    image: keeps(own.image?.trim()) || rule.image,
    arguments: keeps(own.arguments?.trim()) || rule.arguments,
    setup_shell_script: keeps(own.setup_shell_script) || rule.setupScript,
  };
}

export interface AppliedRule {
  image: string;
  arguments: string | string[];
  setup_shell_script: string;
}

function isTree(value: ConfigValue | undefined): value is ConfigTree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function treeOf(value: ConfigValue | undefined): ConfigTree {
  return isTree(value) ? value : {};
}

function textOf(value: ConfigValue | undefined): string {
  return value === undefined || value === null || typeof value === 'object' ? '' : String(value);
}

function isEmpty(value: ConfigValue): boolean {
  return value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0);
}

/**
 * Whether a task requires every package of a rule, in a version that the rule accepts as well.
 *
 * @param wanted version range by package, empty for any
 * @param required the task's requirements; nothing matches without
 */
function requirementsMatch(wanted: ConfigTree, required: string | string[] | null | undefined): boolean {
  const packages = required ? parseRequirementList(required).requirements : [];
  return Object.entries(wanted).every(([name, range]) => {
    const accepted = parseRequirement(name + String(range ?? '')).versions;
    return packages.some(
      (found) => normalName(found.name ?? '') === normalName(name) && rangesOverlap(accepted, found.versions),
    );
  });
}
