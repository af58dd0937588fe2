import { readFileSync } from 'node:fs';
import path from 'node:path';
import { isMissing } from '../../os/files.js';
import type { EnvironmentRequest } from '../environment-request.js';
import type { PythonSettings, RequirementSettings } from '../settings.js';
import { normalName } from './requirement.js';
import { linesOf, parseRequirementList, type RequirementList } from './requirement-list.js';
import { foldersDownTo, requirementSource } from './requirement-source.js';

/** A list together with the folder on the host that its relative paths start from. */
export interface LocatedList {
  list: RequirementList;
  folder: string | undefined;
  /** For messages: "the task", "src/requirements.txt". */
  from: string;
}

type ListRequest = Pick<EnvironmentRequest, 'task' | 'repository' | 'settings' | 'reporter'>;

/** All lists that a task's environment is made from, each installed after the one before it. */
export function locateRequirements(request: ListRequest): LocatedList[] {
  const lists = listed(request);
  const names = new Set(
    lists.flatMap(({ list }) => list.requirements.map(({ name }) => normalName(name ?? ''))),
  );
  const added = addedPackages(request.task.script, request.settings.requirements).filter(
    (name) => !names.has(name),
  );
  if (added.length === 0) return lists;
  request.reporter.line(`Packages added for this task: ${added.join(', ')}`);
  return [...lists, { list: parseRequirementList(added), folder: undefined, from: 'the agent' }];
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
  if (settings.manager === 'poetry' || settings.manager === 'uv' || settings.customBuildScript !== undefined)
    return true;
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

function listed(request: ListRequest): LocatedList[] {
  const { task, repository, settings, reporter } = request;
  const source = requirementSource(
    task.script?.requirements,
    repository !== undefined,
    settings.requirements,
  );
  if (source.kind === 'task') {
    const list = parseRequirementList(source.lines, (file) => readListed(repository?.root, file));
    return [{ list, folder: repository?.root, from: 'the task' }];
  }
  const files = repository === undefined ? [] : repositoryFiles(repository.root, repository.entryFolder);
  if (files.length === 0) {
    const why =
      source.kind === 'nothing'
        ? source.why
        : 'the task lists no packages and its repository has no requirements.txt';
    reporter.line(`No packages to install: ${why}`);
  }
  return files;
}

function repositoryFiles(root: string, entryFolder: string): LocatedList[] {
  return foldersDownTo(root, entryFolder).flatMap((folder) => {
    const text = readListed(folder, 'requirements.txt');
    if (text === undefined) return [];
    const list = parseRequirementList(linesOf(text), (file) => readListed(folder, file));
    return [{ list, folder, from: path.relative(root, path.join(folder, 'requirements.txt')) }];
  });
}

/** The text of a file named in a list whose relative paths start from `folder`. */
export function readListed(folder: string | undefined, file: string): string | undefined {
  if (folder === undefined && !path.isAbsolute(file)) return undefined;
  try {
    return readFileSync(path.resolve(folder ?? '/', file), 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
