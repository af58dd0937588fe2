import path from 'node:path';

/** Folders of a run on the machine of the agent. */
export interface RunFolders {
  workspace: string;
  runFolder: string;
}

/** Host folder for what the agent makes for a workspace, beside it: of the same file system, and never mounted. */
export function stagingFolder(workspace: string): string {
  return path.join(path.dirname(workspace), `${path.basename(workspace)}.staging`);
}

/** Inside: code, packages, and what starts the command. Short, so that any user of the image can reach them. */
export const WORKSPACE_INSIDE = '/.clearml.workspace';
export const CONTROL_INSIDE = '/.clearml.run';

/** Host folder that the container sees as `CONTROL_INSIDE`. */
export function controlFolder(runFolder: string): string {
  return path.join(runFolder, 'container');
}
