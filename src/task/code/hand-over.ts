import { constants, lstatSync, readdirSync } from 'node:fs';
import { copyFile, realpath, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Place } from '../../drivers/driver.js';
import { entryExists } from '../../os/files.js';
import { linkTree } from '../../python/cache/tree-copy.js';
import { Slices } from '../../python/cache/tree-scan.js';

/** Folders of a workspace that hold code: of a repository, or of a script alone. */
const CODE_FOLDERS = ['task_repository', 'code'];

/** Where the code of a task is made: for a container in a folder that it does not see. */
export function codeWorkspace({ staging }: Place, workspace: string): string {
  return staging === undefined ? workspace : path.dirname(staging.of(path.join(workspace, 'code')));
}

/**
 * Moves the code of a task into its container, and leaves what the agent still reads of it (lists of packages, project
 * files) at its place: a tree of the same files without git's own, in folders that the container does not reach. The
 * container can change the content of these files, never what they are.
 *
 * @throws AgentError DOCKER_CONTAINER when the container has put something in its place
 */
export async function handOverCode({ staging }: Place, workspace: string): Promise<void> {
  if (staging === undefined) return;
  for (const name of CODE_FOLDERS) {
    const folder = path.join(workspace, name);
    const made = staging.of(folder);
    if (!(await entryExists(made))) continue;
    const seen = `${made}.seen`;
    await partFiles(made);
    await linkTree(made, seen, (entry) => entry !== '.git');
    await removeOutwardLinks(seen);
    await staging.handOver(folder);
    await rename(seen, made);
  }
}

/** Gives each file that has further names, such as git's objects that a mirror shares, a content of its own. */
async function partFiles(root: string): Promise<void> {
  for await (const { file, kind } of below(root)) {
    if (kind !== 'file' || lstatSync(file).nlink === 1) continue;
    const copy = `${root}.part`; // beside the tree, which may have files of any name
    await copyFile(file, copy, constants.COPYFILE_FICLONE);
    await rename(copy, file);
  }
}

/** The agent reads by these names, so none may lead to another file of the machine. */
async function removeOutwardLinks(root: string): Promise<void> {
  const top = await realpath(root);
  for await (const { file, kind } of below(root)) {
    if (kind !== 'link') continue;
    const target = await realpath(file).catch(() => undefined);
    if (target !== undefined && target !== top && !target.startsWith(`${top}${path.sep}`)) await rm(file);
  }
}

async function* below(root: string): AsyncGenerator<{ file: string; kind: 'file' | 'link' }> {
  const slices = new Slices();
  const folders = [root];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const file = path.join(folder, entry.name);
      if (entry.isDirectory()) folders.push(file);
      else if (entry.isFile()) yield { file, kind: 'file' };
      else if (entry.isSymbolicLink()) yield { file, kind: 'link' };
      if (slices.isOver) await slices.next();
    }
  }
}
