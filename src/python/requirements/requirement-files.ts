import path from 'node:path';
import { AgentError } from '../../errors.js';
import { expandListed, hasVariable } from '../../packaging/list-variables.js';
import { normalName } from '../../packaging/requirement.js';
import {
  isAddress,
  linesOf,
  parseRequirementList,
  type RequirementList,
} from '../../packaging/requirement-list.js';
import type { EnvironmentRequest, RepositoryFolders } from '../environment-request.js';
import { isProjectManager } from '../projects/project-files.js';
import type { PythonSettings, RequirementSettings } from '../settings.js';
import { type ListedConstraints, readConstraints } from './constraint-files.js';
import { type ListedFrom, readListed } from './listed-file.js';
import { foldersDownTo, requirementSource } from './requirement-source.js';

/** A list together with the folder on the host that its relative paths start from. */
export interface LocatedList extends ListedFrom {
  list: RequirementList;
  /** For messages: "the task", "src/requirements.txt". */
  from: string;
  /** What its files of constraints say, once they are checked. */
  constraints?: ListedConstraints;
}

/** Where lists are from that are no file of the repository. */
export const OF_TASK = 'the task';
export const ADDED = 'the agent';

export type ListRequest = Pick<
  EnvironmentRequest,
  'task' | 'repository' | 'settings' | 'reporter' | 'place' | 'hostEnvironment'
>;

/**
 * All lists that a task's environment is made from, each installed after the one before it.
 *
 * @throws AgentError REQUIREMENTS_INSTALL when a list names a file that is not there, which pip refuses, too
 */
export function locateRequirements(request: ListRequest): LocatedList[] {
  return listRequirements(request).map((one) => withCheckedFiles(one, request));
}

/** The same, whether or not all files that they name are there. */
export function listRequirements(request: ListRequest): LocatedList[] {
  const lists = listed(request);
  const names = new Set(
    lists.flatMap(({ list }) => list.requirements.map(({ name }) => normalName(name ?? ''))),
  );
  const added = addedPackages(request.task.script, request.settings.requirements).filter(
    (name) => !names.has(name),
  );
  if (added.length === 0) return lists;
  request.reporter.line(`Packages added for this task: ${added.join(', ')}`);
  return [...lists, { list: parseRequirementList(added), folder: undefined, roots: [], from: ADDED }];
}

/** What a task needs beside its own list: a notebook is converted before it runs. */
export function addedPackages(
  script: EnvironmentRequest['task']['script'],
  settings: RequirementSettings,
): string[] {
  const notebook = /\.ipynb(?=["'\s]|$)/i.test(script?.entry_point ?? '');
  return [...(notebook ? ['nbconvert', 'ipython'] : []), ...(settings.forceTaskInit ? ['clearml'] : [])];
}

/**
 * Whether the environment of a task can be made before its repository is there: all packages are in the task
 * and none is a file or a folder of the repository.
 */
export function needsRepository(task: EnvironmentRequest['task'], settings: PythonSettings): boolean {
  if (isProjectManager(settings.manager) || settings.customBuildScript !== undefined) return true;
  const source = requirementSource(task.script?.requirements, true, settings.requirements);
  if (source.kind !== 'task') return true;
  const files: string[] = [];
  const { requirements, options } = parseRequirementList(source.lines, (file) => {
    files.push(file);
    return undefined;
  });
  const local = requirements.some(({ kind }) => kind === 'local' || kind === 'unread');
  return (
    local ||
    [...files, ...options.constraints, ...options.findLinks].some(
      (name) => !/^(?:\/|[a-z]+:\/\/)/i.test(name),
    )
  );
}

/**
 * The list with its files of constraints.
 *
 * @throws AgentError REQUIREMENTS_INSTALL when it names a file that is not there or that no list may name
 */
export function withCheckedFiles(located: LocatedList, request: ListRequest): LocatedList {
  const { list, from, folder } = located;
  const read = (file: string) => readListed(located, expanded(file, request));
  const constraints = readConstraints(list, read, onlyForInstaller(request));
  const [missing] = [...list.missing, ...constraints.missing];
  if (missing === undefined) return { ...located, constraints };
  const where = path.isAbsolute(missing) ? 'on this machine' : 'in the repository';
  const lost =
    folder === undefined && !path.isAbsolute(missing)
      ? 'and the task has no repository'
      : `which does not exist ${where}`;
  throw new AgentError(
    'REQUIREMENTS_INSTALL',
    `the requirements cannot be read: ${from} names ${missing}, ${lost}`,
    { hint: 'Commit the file, or take its line out of the requirements.' },
  );
}

/** The work tree, and the folders that the operator opens. */
function readableRoots({
  repository,
  settings,
}: Pick<ListRequest, 'repository' | 'settings'>): readonly string[] {
  return [...(repository === undefined ? [] : [repository.root]), ...settings.requirements.folders];
}

function expanded(file: string, { hostEnvironment = {} }: ListRequest): string {
  return expandListed(file, hostEnvironment);
}

/** Addresses and files of an image are read by the installer, where they are. */
function onlyForInstaller({ place, repository }: ListRequest): (file: string) => boolean {
  const isHere = (file: string): boolean =>
    place.capabilities.hostPaths ||
    !path.isAbsolute(file) ||
    (repository !== undefined && file.startsWith(`${repository.root}/`));
  const isKnown = (file: string): boolean => place.capabilities.hostPaths || !hasVariable(file);
  return (file) => isAddress(file) || !isKnown(file) || !isHere(file);
}

function listed(request: ListRequest): LocatedList[] {
  const { task, repository, settings, reporter } = request;
  const source = requirementSource(
    task.script?.requirements,
    repository !== undefined,
    settings.requirements,
  );
  if (source.kind === 'task') {
    return [taskList(source.lines, request)];
  }
  const files = repository === undefined ? [] : repositoryFiles(repository, request);
  if (files.length === 0) {
    const why =
      source.kind === 'nothing'
        ? source.why
        : 'the task lists no packages and its repository has no requirements.txt';
    reporter.line(`No packages to install: ${why}`);
  }
  return files;
}

/** Lines of a task, from which files are those of its repository. */
export function taskList(lines: readonly string[], request: ListRequest): LocatedList {
  const from = { folder: request.repository?.root, roots: readableRoots(request) };
  const read = (file: string) => readListed(from, expanded(file, request));
  return { list: parseRequirementList(lines, read, onlyForInstaller(request)), ...from, from: OF_TASK };
}

function repositoryFiles({ root, entryFolder }: RepositoryFolders, request: ListRequest): LocatedList[] {
  const elsewhere = onlyForInstaller(request);
  const roots = readableRoots(request);
  return foldersDownTo(root, entryFolder).flatMap((folder) => {
    const from = { folder, roots };
    const text = readListed(from, 'requirements.txt');
    if (text === undefined) return [];
    const read = (file: string) => readListed(from, expanded(file, request));
    const list = parseRequirementList(linesOf(text), read, elsewhere);
    return [{ list, ...from, from: path.relative(root, path.join(folder, 'requirements.txt')) }];
  });
}
