import { existsSync, mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pidsWithVariable } from '../../src/os/process-table.js';
import { isAlive, signalMarked } from '../../src/os/processes.js';
import { until } from './until.js';

const RIG = /^slurm-rig-(\d+)-\w+$/;

/** A folder for a cluster, with the process that it belongs to in its name. */
export function newRigFolder(): string {
  return mkdtempSync(path.join(tmpdir(), `slurm-rig-${process.pid}-`));
}

/** All processes of a cluster, its jobs included, have this file as SLURM_CONF. */
export function confOf(folder: string): string {
  return path.join(folder, 'slurm.conf');
}

/** Kills what is left of a cluster (jobs outlive its daemons) and removes its folder. */
export async function clearRig(folder: string): Promise<void> {
  const mark = ['SLURM_CONF', confOf(folder)] as const;
  await until(
    async () => {
      signalMarked(...mark, 'SIGKILL');
      return (await pidsWithVariable(...mark)).length === 0;
    },
    { what: `the end of the processes of ${folder}`, timeoutMs: 20_000 },
  );
  const pid = RIG.exec(path.basename(folder))?.[1];
  // A process that was killed leaves its group a moment later.
  await until(() => groupsOf(pid).every(removeGroup), { what: `the end of the control groups of ${folder}` });
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

const MEMORY_GROUPS = '/sys/fs/cgroup/memory';

/** Control groups of nodes whose names end with the pid. */
function groupsOf(pid: string | undefined): string[] {
  const all = existsSync(MEMORY_GROUPS) ? readdirSync(MEMORY_GROUPS) : [];
  const own = all.filter((name) => name.startsWith('slurm_') && name.endsWith(`-${pid}`));
  return own.map((name) => path.join(MEMORY_GROUPS, name));
}

/** The files of control groups cannot be removed, their folders can. */
function removeGroup(group: string): boolean {
  try {
    for (const entry of readdirSync(group, { withFileTypes: true }))
      if (entry.isDirectory()) removeGroup(path.join(group, entry.name));
    rmdirSync(group);
    return true;
  } catch {
    return !existsSync(group);
  }
}

/** Clears clusters whose tests were killed. */
export async function sweepRigs(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const pid = Number(RIG.exec(name)?.[1]);
    if (pid > 0 && !(await isAlive(pid))) await clearRig(path.join(tmpdir(), name));
  }
}
