import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentError } from '../../errors.js';
import { diskError, ensureFolder, readTextIfThere } from '../../os/files.js';
import { isLive, isPending } from './job-list.js';
import { placingOptions } from './job-options.js';
import type { SlurmCommands } from './slurm-commands.js';
import type { SlurmSettings } from './slurm-settings.js';

/** The folders come as parameters and are never read as shell code. */
const LOOK = `#!/bin/sh
own=$1
token=$2
shift 2
[ "$(cat "$own/token")" = "$token" ] || exit 66
for folder in "$@"; do [ -d "$folder" ] && [ -w "$folder" ] || echo "$folder"; done >"$own/unseen.new" || exit 67
echo "\${SLURMD_NODENAME:-}" >"$own/node.new" || exit 67
mv "$own/unseen.new" "$own/unseen" && mv "$own/node.new" "$own/node"
`;

/** A full cluster may start no job for hours. */
const PENDING_MS = 30_000;
const LOOK_AGAIN_MS = 200;
/** Network file systems keep for a while that a file does not exist. */
const SEEN_MS = 10_000;

/** What a job on a compute node has found: the node, or why nothing is known. */
export type SharedCheck = { node: string } | { unknown: string };

/**
 * Has a job of about one second look at the shared folder and at the folders that tasks use.
 *
 * @throws AgentError SLURM_FOLDER naming what a compute node does not see; SLURM, SLURM_JOB, DISK_FULL, WRITE_DENIED
 */
export async function checkShared(
  commands: SlurmCommands,
  settings: SlurmSettings,
  signal: AbortSignal,
): Promise<SharedCheck> {
  const key = `clearml-check-${randomBytes(6).toString('hex')}`;
  const own = path.join(settings.shared, 'checks', key);
  const token = randomBytes(8).toString('hex');
  const folders = [...settings.folders.values()];
  try {
    await ensureFolder(path.dirname(own));
    await mkdir(own, { mode: 0o700 });
    for (const folder of folders) await ensureFolder(folder);
    await writeFile(path.join(own, 'token'), token, { mode: 0o600 });
    await writeFile(path.join(own, 'look.sh'), LOOK, { mode: 0o700 });
  } catch (error) {
    // Where the folder cannot be made, it cannot be removed either.
    await rm(own, { recursive: true, force: true }).catch(() => undefined);
    throw diskError(error, own);
  }
  let job: string | undefined;
  try {
    job = await commands.submit([
      ...placingOptions(settings.common),
      ...(settings.partition === undefined ? [] : [`--partition=${settings.partition}`]),
      `--job-name=${key}`,
      '--no-requeue',
      '--export=ALL',
      '--mem=16M',
      '--time=1',
      '--output=/dev/null',
      path.join(own, 'look.sh'),
      own,
      token,
      ...folders,
    ]);
    return await resultOf(commands, { key, own, job, settings, signal });
  } finally {
    if (job !== undefined) await commands.cancel(job).catch(() => undefined);
    await rm(own, { recursive: true, force: true });
  }
}

interface Looked {
  key: string;
  own: string;
  job: string;
  settings: SlurmSettings;
  signal: AbortSignal;
}

async function resultOf(commands: SlurmCommands, looked: Looked): Promise<SharedCheck> {
  const { key, own, job, settings, signal } = looked;
  const begun = performance.now();
  let ended: number | undefined;
  for (;;) {
    const node = await readTextIfThere(path.join(own, 'node'));
    if (node !== undefined)
      return seen(node.trim(), await readTextIfThere(path.join(own, 'unseen')), settings);
    const listed = (await commands.list()).get(key);
    const now = performance.now();
    if (listed !== undefined && isPending(listed)) {
      if (now - begun > PENDING_MS) return { unknown: `job ${job} is pending (${listed.reason})` };
    } else if (listed === undefined || !isLive(listed)) {
      ended ??= now;
      const shown = await commands.show(job);
      if (shown?.code === 67) throw full(settings.shared, listed?.node);
      if (shown?.code === 66 || now - ended > SEEN_MS) throw unseen(settings.shared, listed?.node, shown);
    }
    await sleep(LOOK_AGAIN_MS, undefined, { signal });
  }
}

function seen(node: string, missing: string | undefined, { folders, shared }: SlurmSettings): SharedCheck {
  const unseenFolders = new Set((missing ?? '').split('\n').filter((line) => line !== ''));
  const found = [...folders].find(([, folder]) => unseenFolders.has(folder));
  if (found === undefined) return { node };
  const [key, folder] = found;
  throw new AgentError('SLURM_FOLDER', `the compute node ${node} does not see ${folder} (${key})`, {
    hint: `Set ${key} to a folder in ${shared}, which the nodes share.`,
  });
}

function unseen(
  shared: string,
  node: string | undefined,
  shown: { state: string; reason: string } | undefined,
): AgentError {
  const where = node ? `the compute node ${node}` : 'a compute node';
  const how = shown === undefined ? '' : ` (its job is ${shown.state}, ${shown.reason})`;
  return new AgentError(
    'SLURM_FOLDER',
    `${where} does not see what the agent writes to ${shared}, agent.slurm.shared_folder${how}`,
    { hint: 'Set agent.slurm.shared_folder to a folder that all nodes mount at the same path.' },
  );
}

function full(shared: string, node: string | undefined): AgentError {
  return new AgentError('SLURM_FOLDER', `the compute node ${node ?? ''} cannot write to ${shared}`, {
    hint: 'Check its free space, its quota and that the nodes do not mount it read-only.',
  });
}
