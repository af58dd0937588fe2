import type { TaskRequirements } from '../../api/task-record.js';
import { normalName, withoutComment } from '../../packaging/requirement.js';
import { linesOf, parseRequirementList } from '../../packaging/requirement-list.js';
import type { RequirementSettings } from '../settings.js';
import { fromRepositoryRoot } from './repository-folder.js';

/** Where the packages of a task come from. */
export type RequirementSource =
  /** The list in the task. */
  | { kind: 'task'; lines: string[] }
  /** `requirements.txt` files of the repository, outermost first. */
  | { kind: 'repository' }
  | { kind: 'nothing'; why: string };

/**
 * Which requirements count: the task's own list, or else the files of its repository. `key` is the list of
 * the package manager; an earlier run keeps the list as it was written under `org_` + key.
 */
export function requirementSource(
  requirements: TaskRequirements | null | undefined,
  hasRepository: boolean,
  settings: RequirementSettings,
  key: 'pip' | 'conda' = 'pip',
): RequirementSource {
  const fromRepository: RequirementSource = hasRepository
    ? { kind: 'repository' }
    : { kind: 'nothing', why: 'the task lists no packages and has no repository' };
  if (settings.forceRepository) return fromRepository;
  const lines = taskLines(requirements, settings, key);
  return lines.some((line) => withoutComment(line) !== '') ? { kind: 'task', lines } : fromRepository;
}

/** The task's list of one package manager, the original one where the configuration asks for it. */
export function taskLines(
  requirements: TaskRequirements | null | undefined,
  settings: RequirementSettings,
  key: 'pip' | 'conda',
): string[] {
  const original = linesOf(requirements?.[`org_${key}`]);
  const useOriginal = settings.forceOriginal && original.some((line) => withoutComment(line) !== '');
  return (useOriginal ? original : linesOf(requirements?.[key])).map(fromRepositoryRoot);
}

/** The folders from the repository's root down to the one of the entry point. */
export function foldersDownTo(root: string, folder: string): string[] {
  if (folder !== root && !folder.startsWith(`${root}/`)) return [root];
  const folders = [root];
  let at = root;
  for (const part of folder.slice(root.length).split('/')) {
    if (part === '') continue;
    at = `${at}/${part}`;
    folders.push(at);
  }
  return folders;
}

/**
 * What `tasks.set_requirements` is given after a run: the frozen list, with the list as the user wrote it
 * kept under `org_pip` through all later runs.
 */
export function frozenRequirements(
  previous: TaskRequirements | null | undefined,
  frozen: readonly string[],
  key: 'pip' | 'conda' = 'pip',
): TaskRequirements {
  const next: TaskRequirements = { ...previous };
  const original = previous?.[`org_${key}`];
  if (linesOf(original).every((line) => line.trim() === '')) next[`org_${key}`] = previous?.[key] ?? '';
  next[key] = [...frozen];
  return next;
}

/**
 * The version that a task's list, or the list it was made with, names for a package: `uv>=0.4` → `0.4`.
 *
 * @golden
 */
export function listedVersion(
  requirements: TaskRequirements | null | undefined,
  name: string,
): string | undefined {
  for (const key of ['pip', 'org_pip']) {
    for (const requirement of parseRequirementList(requirements?.[key]).requirements) {
      const version = requirement.versions[0]?.[1];
      if (normalName(requirement.name ?? '') === normalName(name) && version !== undefined) return version;
    }
  }
  return undefined;
}
