import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { TaskScript } from '../api/task-record.js';
import { checkoutRepository } from '../repository/checkout.js';
import { gitEnvironment } from '../repository/git-environment.js';
import { repositorySettings } from '../repository/settings.js';
import type { TaskRun } from './run.js';

export interface TaskCode {
  kind: 'python' | 'shell';
  shell: string;
  /** Working directory of the task. */
  folder: string;
  shownFolder: string;
  arguments: readonly string[];
  pythonPath: readonly string[];
  repository: { root: string; workingFolder: string; entryFolder: string } | undefined;
  commit: string | undefined;
  url: string | undefined;
  toolEnvironment: Readonly<Record<string, string>>;
}

export interface CodeParts {
  run: TaskRun;
  script: TaskScript;
  workspace: string;
  signal: AbortSignal;
}

export async function prepareCode({ run, script, workspace, signal }: CodeParts): Promise<TaskCode> {
  const { ctx, log } = run;
  const settings = repositorySettings(ctx.config);
  const out = script.repository
    ? await checkoutRepository({
        script,
        settings,
        cacheFolder: path.join(ctx.cacheFolder, 'vcs'),
        workspace,
        env: ctx.environment,
        home: ctx.home,
        reporter: log,
        signal,
        onSecret: (secret) => ctx.redactor.add(secret),
      })
    : undefined;
  const folder = out?.workingFolder ?? path.join(workspace, 'code');
  await mkdir(folder, { recursive: true });
  return {
    kind: 'python',
    shell: '/bin/sh',
    folder,
    shownFolder: script.working_dir ?? '.',
    arguments: [script.entry_point ?? ''],
    pythonPath: [folder],
    repository: out && { root: out.root, workingFolder: out.workingFolder, entryFolder: folder },
    commit: out?.commit,
    url: out?.url,
    toolEnvironment: gitEnvironment([], settings, ctx.environment),
  };
}
