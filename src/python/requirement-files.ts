import { readFileSync } from 'node:fs';
import path from 'node:path';
import { isMissing } from '../os/files.js';
import type { EnvironmentRequest } from './environment-request.js';
import { linesOf, parseRequirementList, type RequirementList } from './requirement-list.js';
import { foldersDownTo, requirementSource } from './requirement-source.js';

/** A list together with the folder on the host that its relative paths start from. */
export interface LocatedList {
  list: RequirementList;
  folder: string | undefined;
  /** For messages: "the task", "src/requirements.txt". */
  from: string;
}

/** All lists that a task's environment is made from, each installed after the one before it. */
export function locateRequirements(
  request: Pick<EnvironmentRequest, 'task' | 'repository' | 'settings' | 'reporter'>,
): LocatedList[] {
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
