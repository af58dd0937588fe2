import { addOnce, type ListOptions, readListOptions } from '../../packaging/list-options.js';
import { normalName, type Requirement, requirementText } from '../../packaging/requirement.js';
import { hasHashes, type RequirementList } from '../../packaging/requirement-list.js';
import type { RequirementSettings } from '../settings.js';

/** What is installed, in order. Each line is the text of a requirements file. */
export interface InstallPlan {
  /** For every step: indexes, constraints, `--pre`. */
  options: ListOptions;
  /** One by one before everything else: what the builds of other packages import. */
  first: PlannedPackage[];
  /** Together. A blank stands where a line was moved elsewhere. */
  main: string[];
  /** One by one after the main step: packages whose builds import what that step installed. */
  post: PlannedPackage[];
  /** One by one at the end: repositories, folders, lines that could not be parsed. */
  external: PlannedPackage[];
}

export interface PlannedPackage {
  text: string;
  /** The task runs without it when it cannot be installed. */
  optional: boolean;
  /** The same text installs the same files at any time: a repository at a commit, not one at a branch. */
  fixed: boolean;
  /** A folder that is installed so that its files are used where they are. */
  editable: boolean;
}

/** Only the last line that names one of these counts, and it comes last. */
const COLLECTED = new Set(['trains', 'clearml', 'nbconvert', 'ipython']);

export function planInstall(list: PlannableList, settings: RequirementSettings): InstallPlan {
  const plan: InstallPlan = {
    options: list.options,
    first: [],
    main: [],
    post: [],
    external: [],
  };
  if (hasHashes(list)) return planWithHashes(list);
  if (settings.untouched) return { ...plan, main: list.requirements.map(requirementText) };
  const collected = new Map<string, string>();
  for (const requirement of list.requirements) {
    const stage = stageOf(requirement, settings);
    const text = stage === 'external' ? externalText(requirement) : requirementText(requirement);
    const name = normalName(requirement.name ?? '');
    const plain = { text, optional: false, fixed: true, editable: false };
    if (stage === 'first')
      plan.first.push({ ...plain, optional: isNamed(requirement, settings.priorityOptional) });
    if (stage === 'post') plan.post.push({ ...plain, optional: isNamed(requirement, settings.postOptional) });
    if (stage === 'external')
      plan.external.push({ ...plain, fixed: isFixed(requirement), editable: isEditableFolder(requirement) });
    if (stage === 'collected') collected.set(name, text);
    plan.main.push(stage === 'first' || stage === 'main' ? text : '');
  }
  plan.main.push(...collected.values());
  return plan;
}

/**
 * With hashes all packages go in together, as each step would ask for the hashes of all that it installs: what they
 * need stands in the same list.
 */
function planWithHashes({ options, requirements }: PlannableList): InstallPlan {
  const others = [...new Set([...options.others, '--require-hashes'])];
  const main = requirements.map(requirementText);
  return { options: { ...options, others }, first: [], main, post: [], external: [] };
}

/** True when nothing at all is to be installed. */
export function isEmptyPlan(plan: InstallPlan): boolean {
  return (
    plan.first.length + plan.post.length + plan.external.length === 0 &&
    plan.main.every((line) => line === '')
  );
}

/** What a cached environment holds: all but packages that may be different the next time. */
export function fixedPart(plan: InstallPlan): InstallPlan {
  return { ...plan, external: plan.external.filter((one) => one.fixed) };
}

/** Packages to install for each task, on top of the fixed part. */
export function changingPart(plan: InstallPlan): PlannedPackage[] {
  return plan.external.filter((one) => !one.fixed);
}

/** All requirements of a plan, in no particular order. */
export function planTexts({ first, main, post, external }: InstallPlan): string[] {
  return [...main, ...[...first, ...post, ...external].map(({ text }) => text)];
}

/** The options of a list with configured indexes before its own. */
export function withIndexes(options: ListOptions, extraIndexUrls: readonly string[]): ListOptions {
  return { ...options, extraIndexUrls: [...new Set([...extraIndexUrls, ...options.extraIndexUrls])] };
}

/** Configured options come first, and a configured index replaces the one that a list names. */
export function mergeOptions(configured: ListOptions, listed: ListOptions): ListOptions {
  return {
    indexUrl: configured.indexUrl ?? listed.indexUrl,
    noIndex: configured.noIndex || listed.noIndex,
    extraIndexUrls: [...new Set([...configured.extraIndexUrls, ...listed.extraIndexUrls])],
    findLinks: [...new Set([...configured.findLinks, ...listed.findLinks])],
    constraints: [...new Set([...configured.constraints, ...listed.constraints])],
    others: [...new Set([...configured.others, ...listed.others])],
  };
}

/** Flags that name an index, which may hold a password, are taken off the command line into the options. */
export function takeIndexFlags(
  flags: readonly string[],
  options: ListOptions,
): { flags: string[]; options: ListOptions } {
  const rest: string[] = [];
  const taken = structuredClone(options);
  for (let at = 0; at < flags.length; at++) {
    const flag = flags[at] ?? '';
    if (!INDEX_FLAG.test(flag)) addOnce(rest, flag, true);
    else readListOptions(flag.includes('=') ? flag : `${flag} ${flags[++at] ?? ''}`, taken);
  }
  return { flags: rest, options: taken };
}

const INDEX_FLAG = /^(?:-i|--index-url|--extra-index-url|-f|--find-links)(?:=|$)/;

/** No large host serves git's own protocol any more; their addresses in old lists are those of https. */
const GIT_PROTOCOL = /^([\w.-]*\s*(?:\[[^\]]*\])?\s*(?:@\s*)?)git(?:\+git)?:\/\//;

type PlannableList = Pick<RequirementList, 'requirements' | 'options'>;

type Stage = 'first' | 'main' | 'post' | 'external' | 'collected';

function stageOf(requirement: Requirement, settings: RequirementSettings): Stage {
  const named = requirement.name !== undefined;
  if (isEditableFolder(requirement)) return 'external';
  if (isNamed(requirement, [...settings.priority, ...settings.priorityOptional])) return 'first';
  if (isNamed(requirement, [...settings.post, ...settings.postOptional])) return 'post';
  if (requirement.editable || requirement.kind === 'vcs' || requirement.kind === 'unread') return 'external';
  if (!named && !/\.whl$/i.test(requirement.uri ?? '')) return 'external';
  return COLLECTED.has(normalName(requirement.name ?? '')) ? 'collected' : 'main';
}

function isNamed(requirement: Requirement, names: readonly string[]): boolean {
  const name = normalName(requirement.name ?? '');
  return name !== '' && names.some((other) => normalName(other) === name);
}

/** Editable repositories become normal ones: their code would be a copy for this run, which is never edited. */
function externalText(requirement: Requirement): string {
  const whole = requirementText(requirement).replace(/^-e /, '');
  const text = whole.replace(GIT_PROTOCOL, '$1git+https://');
  if (requirement.kind !== 'vcs' || requirement.extras.length > 0) return text;
  return text.replace(/^[A-Za-z0-9._-]+\s*@\s*/, '');
}

function isEditableFolder({ kind, editable }: Requirement): boolean {
  return editable && kind === 'local';
}

/** Whether the same line installs the same files at any time. */
export function isFixed(requirement: Requirement): boolean {
  if (requirement.kind === 'vcs') return /^[0-9a-f]{40}$/i.test(requirement.revision ?? '');
  return requirement.kind === 'link' && !requirement.editable;
}
